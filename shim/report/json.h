/* json.h - writes JSON strings. */
#ifndef SQLPROD_REPORT_JSON_H
#define SQLPROD_REPORT_JSON_H

#include <stdio.h>

/* Writes text as a JSON string, NULL as null. Bytes that are not UTF-8 (a path may hold any) become U+FFFD. */
void json_put_string(FILE *out, const char *text);

#endif
