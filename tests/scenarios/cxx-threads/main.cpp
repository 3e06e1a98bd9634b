#include <atomic>
#include <cstdio>
#include <exception>
#include <future>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

void throw_deep(int depth);

static void *cancelled(void *)
{
	struct guard {
		~guard() { std::puts("destroyed by cancellation"); }
	} object;

	for (;;)
		pause();
	return nullptr;
}

int main()
{
	std::atomic<int> caught{0};
	std::vector<std::thread> threads;
	std::exception_ptr pointer;
	std::once_flag once;
	pthread_t thread;
	void *result;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([&caught, i] {
			for (int j = 0; j < 200; j++) {
				try {
					throw_deep((i + j) % 20);
				} catch (const std::logic_error &) {
					caught++;
				}
			}
		});
	for (auto &one : threads)
		one.join();
	std::printf("caught %d\n", caught.load());
	std::thread([&pointer] {
		try {
			throw_deep(3);
		} catch (...) {
			pointer = std::current_exception();
		}
	}).join();
	try {
		std::rethrow_exception(pointer);
	} catch (const std::exception &e) {
		std::printf("rethrown: %s\n", e.what());
	}
	auto future = std::async(std::launch::async, [] { throw_deep(1); return 1; });
	try {
		std::printf("%d\n", future.get());
	} catch (const std::exception &e) {
		std::printf("future: %s\n", e.what());
	}
	try {
		std::call_once(once, [] { throw std::runtime_error("once"); });
	} catch (const std::exception &e) {
		std::printf("%s\n", e.what());
	}
	std::call_once(once, [] { std::puts("second try"); });
	pthread_create(&thread, nullptr, cancelled, nullptr);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	std::printf("cancelled %d\n", result == PTHREAD_CANCELED);
	try {
		throw_deep(0);
	} catch (const std::logic_error &) {
		try {
			throw std::runtime_error("nested");
		} catch (const std::exception &e) {
			std::printf("%s, uncaught %d\n", e.what(), std::uncaught_exceptions());
		}
	}
	return 0;
}
