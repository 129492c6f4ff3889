/* cli/say.h: words to the person, on stderr.
 *
 * A line is made of our own words, numbers and names that the gate gave; never of what was typed or
 * of what stands in an input file (I-5).
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#define SAY_LINE_BYTES 512

/* "velum: …" and a line end. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A further line below it: what to do. */
void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
