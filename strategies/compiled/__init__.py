"""Cases from compiled C and C++ sources."""
