// Threads, thread_local objects with destructors, call_once.
#include "program.h"
#include <atomic>
#include <mutex>
#include <thread>

static noted noted_threads("threads");
thread_local tracker tracked;
static thread_local std::string text = "of a thread";
int trackers_made, trackers_ended;
static std::mutex mutex;

tracker::tracker()
{
	std::lock_guard<std::mutex> lock(mutex);
	trackers_made++;
}

tracker::~tracker()
{
	std::lock_guard<std::mutex> lock(mutex);
	trackers_ended++;
}

int threads_run(int count)
{
	static std::once_flag once;
	static int once_count;
	std::atomic<int> sum{0};
	std::vector<std::thread> threads;
	for (int i = 0; i < count; i++)
		threads.emplace_back([&sum, i] {
			std::call_once(once, [] { once_count++; });
			text += std::to_string(i);
			for (int j = 0; j <= i; j++)
				tracked.count++;
			try {
				deep_throw(i);
			} catch (const program_error &error) {
				sum += tracked.count + static_cast<int>(text.size());
			}
		});
	for (auto &thread : threads)
		thread.join();
	return sum + 1000 * once_count;
}
