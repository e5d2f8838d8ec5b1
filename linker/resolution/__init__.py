"""Which definition does each name mean, and which archive members are linked?"""
