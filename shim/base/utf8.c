/* utf8.c - makes bytes from outside safe to print. */
#include "base/utf8.h"

#include <string.h>

size_t utf8_length(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : *s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return n;
}

bool utf8_is_control(const unsigned char *s, size_t length)
{
	if (length == 1)
		return *s < ' ' || *s == 0x7f;
	if (length == 2)
		return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
	if (length != 3 || s[0] != 0xe2)
		return false;
	/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069 */
	return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

void utf8_neutralise(char *text)
{
	for (size_t n; *text; text += n ? n : 1) {
		n = utf8_length((const unsigned char *)text);
		if (n == 0 || utf8_is_control((const unsigned char *)text, n))
			memset(text, '?', n ? n : 1);
	}
}
