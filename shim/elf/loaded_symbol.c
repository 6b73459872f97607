/* loaded_symbol.c - reads the tables of symbols of all objects by dl_iterate_phdr(3). Its lock is another one in glibc, which
 * dlopen() and dlclose() hold while they change the list of objects, and not while they run functions of these. In a forked child
 * that one may be left locked (elf/loader.h): the thread that a child begins with does without this. Other C libraries hold no lock
 * while a constructor runs. */
#include "elf/loaded_symbol.h"

#include "base/dynamic_section.h"
#include "base/symbol_table.h"
#include "base/threads.h"

#include <sys/syscall.h>
#include <unistd.h>

struct search {
	struct symbol_name name;
	unsigned found;
	void *symbol;
};

static int look(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct search *search = argument;
	struct symbol_table table;
	const ElfW(Sym) *symbol = NULL;
	void *address;

	(void)size;
	if (symbol_table_find(dynamic_section_find(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr), info->dlpi_addr, &table))
		symbol = symbol_table_look_up(&table, search->name);
	if (!symbol)
		return 0;
	address = symbol_table_address(&table, symbol);
	if (address && library_is_any(address))
		return 0;
	search->found++;
	search->symbol = address;
	return search->found > 1;
}

/* Where the process has one thread nobody else has the lock. */
static bool may_look(void)
{
#ifdef __GLIBC__
	return !threads_is_single() && syscall(SYS_gettid) != getpid();
#else
	return false;
#endif
}

bool loaded_symbol_only(const char *name, void **symbol)
{
	struct search search = {.name = symbol_name_of(name)};

	*symbol = NULL;
	if (!may_look())
		return false;
	dl_iterate_phdr(look, &search);
	*symbol = search.found == 1 ? search.symbol : NULL;
	return search.found == 0 || *symbol;
}

bool loaded_symbol_of(const struct loaded *loaded, const char *name, void **symbol)
{
	struct symbol_table table;
	const ElfW(Dyn) *section = dynamic_section_find(loaded->headers, loaded->header_count, loaded->base);
	const ElfW(Sym) *own = NULL;

	*symbol = NULL;
	if (!may_look())
		return false;
	if (symbol_table_find(section, loaded->base, &table))
		own = symbol_table_look_up(&table, symbol_name_of(name));
	if (own)
		*symbol = symbol_table_address(&table, own);
	/* what it needs may define it */
	return own ? *symbol != NULL : loaded_symbol_only(name, symbol) && !*symbol;
}
