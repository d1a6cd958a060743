/*
 * bench/re2_bench.cc
 *	  RE2 (libre2-dev) on the names: one alternation of all words, lines with a hit.
 *
 * re2_bench WORDS FILE...: prints rows "what|ms|hits".
 */
#include <re2/re2.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

static double
now()
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int
main(int argc, char **argv)
{
	std::ifstream words(argv[1]);
	std::string pattern, word;

	while (std::getline(words, word))
		pattern += (pattern.empty() ? "" : "|") + RE2::QuoteMeta(word);
	RE2::Options options;
	options.set_max_mem(1LL << 30);
	options.set_never_capture(true);
	double start = now();
	RE2 re(pattern, options);
	printf("compile|%.1f|%d\n", now() - start, re.ok());
	if (!re.ok())
		return 0;
	for (int f = 2; f < argc; f++)
	{
		std::ifstream in(argv[f]);
		std::vector<std::string> line;
		std::vector<double> ms;
		long hits = 0;

		for (std::string s; std::getline(in, s);)
			line.push_back(s);
		for (int r = 0; r < 3; r++)
		{
			start = now();
			hits = 0;
			for (const std::string &s : line)
				hits += RE2::PartialMatch(s, re);
			ms.push_back(now() - start);
		}
		std::sort(ms.begin(), ms.end());
		printf("lines|%.1f|%ld\n", ms[1], hits);
	}
	return 0;
}
