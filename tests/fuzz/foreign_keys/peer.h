/* peer.h - the other process: this program again, with the library preloaded, which runs the same lines. */
#ifndef FUZZ_PEER_H
#define FUZZ_PEER_H

#include "world.h"

#include <sys/types.h>

struct peer {
	pid_t pid;
	int to, from;
	/* a folder for its files */
	char folder[200];
};

/* Starts it with LD_PRELOAD=library. */
bool peer_start(struct peer *peer, const char *library, const char *folder);
void peer_stop(struct peer *peer);

/* Its side: runs lines until the other end closes. */
int peer_serve(void);

void peer_send(struct peer *peer, const char *line);

/* false: it ended, or did not answer within 20 s; it is started anew by the next peer_start(). */
bool peer_receive(struct peer *peer, struct result *result);

#endif
