"""What an object that is built in memory consists of (`linker.module`)."""
