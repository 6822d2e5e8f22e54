// SPDX-License-Identifier: BSD-3-Clause

// Measures the backend that ZMALLOC_BACKEND names, and beside it the allocator by itself and other
// servers' accounting over it: all in one process, in random order.

#include <cstdio>

#include "workloads.h"
#include "zmalloc.h"

int main(int argc, char **argv)
{
    subject subjects[SUBJECTS_MAX];
    const char *why = nullptr;
    std::size_t count = subjects_find(subjects, &why);

    if (count == 0) {
        std::fprintf(stderr, "bench: %s: %s\n", zmalloc_backend_name(), why);
        return 1;
    }
    // An allocator counts the processors when it starts. So start it before this thread is pinned
    // to one.
    for (std::size_t i = 0; i < count; i++)
        subjects[i].free(subjects[i].alloc(1));
    benchmark::AddCustomContext("backend", zmalloc_backend_name());
    benchmark::AddCustomContext("backend_version", zmalloc_backend_version());
    for (std::size_t i = 0; i < count; i++) {
        register_churn(subjects[i]);
        register_blocks(subjects[i]);
        register_threads(subjects[i]);
    }
    register_added(subjects[1]);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
