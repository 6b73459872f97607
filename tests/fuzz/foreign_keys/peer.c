/* peer.c - see peer.h. A line travels with its NUL; a result as its head, and then as much text as there is. */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define HEAD offsetof(struct result, text)

static bool read_all(int from, void *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = read(from, (char *)bytes + done, length - done);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void write_all(int to, const void *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = write(to, (const char *)bytes + done, length - done);

		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

/* Only foreign_keys is to differ, so the rest of the recipe is left out, unless FULL is set. */
static void set_environment(const char *library)
{
	static const char *const kept[] = {"JOURNAL_MODE",       "SYNCHRONOUS", "BUSY_TIMEOUT", "TEMP_STORE", "MMAP_SIZE",
					   "JOURNAL_SIZE_LIMIT", "CACHE_SIZE",  "BUSY_WAIT",    "BEGIN"};
	char name[60];

	setenv("LD_PRELOAD", library, 1);
	setenv("SQLPROD_LOG_LEVEL", "off", 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept) && !getenv("FUZZ_FULL_RECIPE"); i++) {
		snprintf(name, sizeof(name), "SQLPROD_%s", kept[i]);
		setenv(name, "keep", 0);
	}
}

static void become_peer(const char *library, const char *folder, int from, int to)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(from, 3);
	dup2(to, 4);
	close_range(5, ~0U, 0);
	if (chdir(folder) != 0)
		_exit(126);
	set_environment(library);
	execl("/proc/self/exe", "foreign_keys", "--serve", (char *)NULL);
	_exit(127);
}

bool peer_start(struct peer *peer, const char *library, const char *folder)
{
	int down[2], up[2];

	if (pipe(down) != 0 || pipe(up) != 0)
		return false;
	snprintf(peer->folder, sizeof(peer->folder), "%s", folder);
	peer->pid = fork();
	if (peer->pid == 0)
		become_peer(library, folder, down[0], up[1]);
	close(down[0]);
	close(up[1]);
	peer->to = down[1];
	peer->from = up[0];
	return peer->pid > 0;
}

void peer_stop(struct peer *peer)
{
	int status;

	close(peer->to);
	close(peer->from);
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, &status, 0);
	peer->pid = 0;
}

void peer_send(struct peer *peer, const char *line)
{
	uint32_t length = (uint32_t)strlen(line) + 1;
	char bytes[4 + LINE_LENGTH];

	memcpy(bytes, &length, sizeof(length));
	memcpy(bytes + sizeof(length), line, length);
	write_all(peer->to, bytes, sizeof(length) + length);
}

bool peer_receive(struct peer *peer, struct result *result)
{
	struct pollfd ready = {.fd = peer->from, .events = POLLIN};
	uint32_t length;

	return poll(&ready, 1, PATIENCE_MS) == 1 && read_all(peer->from, &length, sizeof(length)) &&
	       read_all(peer->from, result, length);
}

int peer_serve(void)
{
	static struct world world;
	static struct {
		uint32_t length;
		struct result result;
	} answer;
	char line[LINE_LENGTH];
	uint32_t length;

	while (read_all(3, &length, sizeof(length)) && length <= sizeof(line) && read_all(3, line, length)) {
		if (strcmp(line, "over") == 0) {
			world_end(&world);
			answer.result.text[0] = '\0';
		} else {
			world_run(&world, line, &answer.result);
		}
		answer.length = (uint32_t)(HEAD + strlen(answer.result.text) + 1);
		write_all(4, &answer, sizeof(answer.length) + answer.length);
	}
	return 0;
}
