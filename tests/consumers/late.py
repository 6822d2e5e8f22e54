# SPDX-License-Identifier: BSD-3-Clause
"""Opens the library late through ctypes.

Arguments: the backend that must be active, the file to open. Ends with 1 and what the dynamic
linker says where it cannot.
"""

import ctypes
import sys
import threading


def open_library(path):
    library = ctypes.CDLL(path)
    library.zml_zmalloc.argtypes = [ctypes.c_size_t]
    library.zml_zmalloc.restype = ctypes.c_void_p
    library.zml_zfree.argtypes = [ctypes.c_void_p]
    library.zml_zfree.restype = None
    library.zml_zmalloc_size.argtypes = [ctypes.c_void_p]
    library.zml_zmalloc_size.restype = ctypes.c_size_t
    library.zml_zmalloc_used_memory.restype = ctypes.c_size_t
    library.zml_zmalloc_backend_name.restype = ctypes.c_char_p
    return library


def require(good, what):
    if not good:
        sys.exit("late.py: " + what)


def use_blocks(library):
    blocks = [library.zml_zmalloc(size) for size in range(1000)]
    require(len(set(blocks)) == 1000, "the blocks are not different ones")
    expected = sum(library.zml_zmalloc_size(block) for block in blocks)
    require(library.zml_zmalloc_used_memory() == expected, "the blocks are not counted")
    for block in blocks:
        library.zml_zfree(block)
    require(library.zml_zmalloc_used_memory() == 0, "something is left in use")


def main():
    backend, path = sys.argv[1:]
    try:
        library = open_library(path)
    except OSError as error:
        sys.exit(str(error))
    require(library.zml_zmalloc_backend_name() == backend.encode(), "another backend is active")
    use_blocks(library)
    failures = []
    thread = threading.Thread(target=lambda: failures.append(use_blocks(library)))
    thread.start()
    thread.join()
    require(failures == [None], "the thread failed")


main()
