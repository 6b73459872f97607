/* program.h - the names by which an operator knows the program of this process. */
#ifndef SQLPROD_BASE_PROGRAM_H
#define SQLPROD_BASE_PROGRAM_H

#include <stdbool.h>

/* Is one of these patterns (settings_match) a name of this program? Its names are those of the executable and of argv[0], of the
 * file that was started (a script with a #! line), and of the script or module that an interpreter runs (python3 -m gunicorn). A
 * pattern with a slash is matched with their paths. Allocates. */
bool program_matches(const char *patterns);

/* Notes what that needs, once, before the program writes a title over its command line. For the constructor. */
void program_note_names(void);

#endif
