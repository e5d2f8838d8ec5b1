// What the files of the threaded program share.
#ifndef THREADS_H
#define THREADS_H

enum { THREADS = 4, ROUNDS = 2000 };

extern _Thread_local int thread_number;
extern _Thread_local int zeroed[8];
extern _Thread_local int *shared_by_thread;
extern int totals[THREADS];
extern int grand_total;

void lock(void);
void unlock(void);
int own_rounds(void);
int *address_of_rounds(void);

#endif
