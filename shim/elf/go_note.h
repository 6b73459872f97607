/* go_note.h - is the program of this process made by Go? */
#ifndef SQLPROD_ELF_GO_NOTE_H
#define SQLPROD_ELF_GO_NOTE_H

#include <stdbool.h>

/* Has the program itself the note that Go's linker writes (.note.go.buildid: elf(5), go tool buildid)? What runs on one of its
 * threads goes on on another one while that is kept waiting. Looks once; async-signal-safe. */
bool go_note_is_there(void);

#endif
