/* code.c - reads machine code. */
#include "elf/code.h"

#include <elf.h>
#include <string.h>

/* The greatest size of a function that returns a constant. */
#define WINDOW 96

/* The longest x86-64 instruction that is decoded. */
#define LONGEST 7

static int32_t signed_at(const unsigned char *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* What an instruction loads. */
enum gives { GIVES_NOTHING, GIVES_CONSTANT, GIVES_POINTER_TO_IT, GIVES_JUMP_TABLE };

/* Decodes the bytes as an instruction that loads a constant, if they can be one. */
static enum gives read_x86_64(const unsigned char *c, uintptr_t pc, uintptr_t *value)
{
	uintptr_t relative;

	if ((c[0] & 0xf8) == 0xb8) { /* mov $value,%reg */
		*value = (uint32_t)signed_at(c + 1);
		return GIVES_CONSTANT;
	}
	if (c[0] == 0xff && c[1] == 0x24 && (c[2] & 0xc7) == 0xc5) { /* jmp *value(,%reg,8) */
		*value = (uint32_t)signed_at(c + 3);
		return GIVES_JUMP_TABLE;
	}
	if ((c[0] & 0xf8) != 0x48)
		return GIVES_NOTHING;
	relative = pc + 7 + (uintptr_t)(intptr_t)signed_at(c + 3);
	if (c[1] == 0xc7 && (c[2] & 0xf8) == 0xc0) { /* mov $value,%reg */
		*value = (uintptr_t)(intptr_t)signed_at(c + 3);
		return GIVES_CONSTANT;
	}
	if (c[1] == 0x8d && (c[2] & 0xc7) == 0x05) { /* lea value(%rip),%reg */
		*value = relative;
		return GIVES_CONSTANT;
	}
	if (c[1] == 0x8b && (c[2] & 0xc7) == 0x05) { /* mov pointer(%rip),%reg */
		*value = relative;
		return GIVES_POINTER_TO_IT;
	}
	return GIVES_NOTHING;
}

/* The same; registers has the values that the instructions so far would have loaded. */
static enum gives read_aarch64(uint32_t code, uintptr_t pc, uint64_t *registers, uintptr_t *value)
{
	uint32_t to = code & 31, from = code >> 5 & 31;
	int64_t page = (int64_t)((uint64_t)((code >> 5 & 0x7ffff) << 2 | (code >> 29 & 3)) << 43) >> 43;
	unsigned shift = code >> 17 & 0x30;

	if ((code & 0x9f000000) == 0x90000000) { /* adrp */
		registers[to] = (pc & ~(uintptr_t)0xfff) + ((uint64_t)page << 12);
	} else if ((code & 0x9f000000) == 0x10000000) { /* adr */
		registers[to] = pc + (uint64_t)page;
	} else if ((code & 0x7f800000) == 0x11000000) { /* add #immediate */
		registers[to] = registers[from] + ((uint64_t)(code >> 10 & 0xfff) << (code >> 22 & 1 ? 12 : 0));
	} else if ((code & 0x7f800000) == 0x52800000) { /* movz */
		registers[to] = (uint64_t)(code >> 5 & 0xffff) << shift;
	} else if ((code & 0x7f800000) == 0x72800000) { /* movk */
		registers[to] = (registers[to] & ~((uint64_t)0xffff << shift)) | (uint64_t)(code >> 5 & 0xffff) << shift;
	} else if ((code & 0xffc00000) == 0xf9400000) { /* ldr */
		*value = registers[from] + (code >> 10 & 0xfff) * 8;
		return GIVES_POINTER_TO_IT;
	} else {
		return GIVES_NOTHING;
	}
	*value = registers[to];
	return GIVES_CONSTANT;
}

static bool returns_x86_64(const struct image *image, uintptr_t function, code_taker take, void *argument)
{
	unsigned char code[WINDOW] = {0};
	size_t left;
	const unsigned char *bytes = image_at(image, function, PF_R | PF_X, &left);

	if (!bytes)
		return false;
	memcpy(code, bytes, left < WINDOW ? left : WINDOW);
	for (size_t i = 0; i + LONGEST < WINDOW && code[i] != 0xc3 /* ret */; i++) {
		uintptr_t value;
		enum gives gives = read_x86_64(code + i, function + i, &value);
		if (gives == GIVES_POINTER_TO_IT && image_word(image, value, &value))
			gives = GIVES_CONSTANT;
		if (gives == GIVES_CONSTANT && take(image, value, argument))
			return true;
	}
	return false;
}

static bool returns_aarch64(const struct image *image, uintptr_t function, code_taker take, void *argument)
{
	uint64_t registers[32] = {0};
	size_t left;
	const unsigned char *bytes = image_at(image, function, PF_R | PF_X, &left);

	for (size_t i = 0; bytes && i + 4 <= left && i < WINDOW; i += 4) {
		uint32_t code = (uint32_t)signed_at(bytes + i);
		uintptr_t value;
		enum gives gives;
		if (code == 0xd65f03c0) /* ret */
			break;
		gives = read_aarch64(code, function + i, registers, &value);
		if (gives == GIVES_POINTER_TO_IT && image_word(image, value, &value)) {
			registers[code & 31] = value;
			gives = GIVES_CONSTANT;
		}
		if (gives == GIVES_CONSTANT && take(image, value, argument))
			return true;
	}
	return false;
}

/* The target, if the function is only a jump: in some builds the table points to jumps. */
static uintptr_t jump_target(const struct image *image, uintptr_t function)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t left, skip;
	const unsigned char *bytes = image_at(image, function, PF_R | PF_X, &left);

	if (!bytes || left < 9)
		return function;
	if (image->machine == EM_AARCH64) {
		uint32_t code = (uint32_t)signed_at(bytes);
		int64_t distance = (int64_t)((uint64_t)(code & 0x3ffffff) << 38) >> 36;
		return (code & 0xfc000000) == 0x14000000 ? function + (uintptr_t)distance : function;
	}
	skip = memcmp(bytes, endbr64, sizeof(endbr64)) == 0 ? sizeof(endbr64) : 0;
	return bytes[skip] == 0xe9 ? function + skip + 5 + (uintptr_t)(intptr_t)signed_at(bytes + skip + 1) : function;
}

bool code_returns(const struct image *image, uintptr_t function, code_taker take, void *argument)
{
	function = jump_target(image, function);
	if (image->machine == EM_AARCH64)
		return returns_aarch64(image, function, take, argument);
	return returns_x86_64(image, function, take, argument);
}

void code_refers(const struct image *image, uintptr_t start, uintptr_t stop, code_taker take, void *argument)
{
	uint64_t registers[32] = {0};
	bool arm = image->machine == EM_AARCH64;
	size_t step = arm ? 4 : 1, longest = arm ? 4 : LONGEST, left;
	const unsigned char *bytes = image_at(image, start, PF_R | PF_X, &left);

	if (!bytes || stop <= start)
		return;
	left = left < stop - start ? left : stop - start;
	for (size_t i = 0; i + longest <= left; i += step) {
		uintptr_t value;
		enum gives gives = arm ? read_aarch64((uint32_t)signed_at(bytes + i), start + i, registers, &value)
				       : read_x86_64(bytes + i, start + i, &value);
		if ((gives == GIVES_CONSTANT || gives == GIVES_JUMP_TABLE) && take(image, value, argument))
			return;
	}
}
