/* genlog_main.c - makes a log of many versions. */
#include "genlog.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static const struct option options[] = {{"versions", required_argument, NULL, 'v'},
		{"seed", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	struct genlog_result result;
	unsigned long versions = 10000, seed = 1;
	struct bk_error err;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'v')
			versions = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 10);
		else
			argc = 0;
	}
	if (argc - optind != 1 || !versions || versions > UINT32_MAX) {
		fputs("Usage: genlog [--versions N] [--seed S] LOG\n"
		      "Makes a log of N versions (10000) from a made-up node's traffic.\n",
			stderr);
		return 2;
	}
	if (genlog_make(argv[optind], (uint32_t)versions, seed, &result, &err)) {
		fprintf(stderr, "genlog: %s\n", err.msg);
		return EXIT_FAILURE;
	}
	printf("%s: %" PRIu64
	       " changes to version %u, %.1f MB of SQL, log %.1f MB (1/%.1f), %.1f s\n",
		argv[optind], result.changes, result.head, (double)result.sql_bytes / 1e6,
		(double)result.log_bytes / 1e6, (double)result.sql_bytes / (double)result.log_bytes,
		result.seconds);
	return EXIT_SUCCESS;
}
