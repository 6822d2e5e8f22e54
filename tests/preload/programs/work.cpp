// SPDX-License-Identifier: BSD-3-Clause
// Containers, exceptions, objects of threads, and memory that cannot be had.
#include <cstdint>
#include <iostream>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

thread_local std::string of_thread = "x";

static volatile std::size_t too_large = SIZE_MAX / 2 - 4096;

int main()
{
    std::map<int, std::string> texts;

    for (int i = 0; i < 20000; i++)
        texts[i % 997] += std::to_string(i);
    try {
        throw std::runtime_error(texts[5]);
    } catch (const std::exception &error) {
        std::cout << texts.size() << ' ' << error.what() << '\n';
    }
    std::thread([] {
        of_thread += std::string(1000, 'y');
        std::cout << of_thread.size() << '\n';
    }).join();
    try {
        std::cout << static_cast<void *>(new char[too_large]) << '\n';
    } catch (const std::bad_alloc &) {
        std::cout << "no memory\n";
    }
}
