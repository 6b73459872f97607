/* trace_calls.h - for calls.c, which walk runs below trace_calls.so and bench-cost without it. */
#ifndef SQLPROD_TESTS_BENCH_TRACE_CALLS_H
#define SQLPROD_TESTS_BENCH_TRACE_CALLS_H

#include <stdbool.h>

__attribute__((weak)) void trace_calls(bool start);

#endif
