/* What program.c leaves undefined. */
int other_data = 5;
int host_stand_in(int a) { return a; }
