/* crm/say.h: words to whoever runs the process, on stderr: our own words, numbers, and names of the
 * policy; never a value of a file or of a customer (I-5). */
#ifndef CRM_SAY_H
#define CRM_SAY_H

#define EXIT_DONE 0
#define EXIT_USAGE 2
#define EXIT_REFUSED 1

/* "velum-crm: …" and a line end. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A further line below it. */
void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
