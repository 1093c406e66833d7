/* genlog_main.c - makes a log of many versions. */
#include "genlog.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static const struct option options[] = {{"versions", required_argument, NULL, 'v'},
		{"seed", required_argument, NULL, 's'}, {"trace", required_argument, NULL, 't'},
		{"database", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	struct genlog_result result;
	struct genlog_options made = {.versions = 10000, .seed = 1};
	struct bk_error err;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'v')
			made.versions = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			made.seed = strtoul(optarg, NULL, 10);
		else if (option == 't')
			made.trace = optarg;
		else if (option == 'd')
			made.database_bytes = strtoul(optarg, NULL, 10) * 1000000;
		else
			argc = 0;
	}
	if (argc - optind != 1 || !made.versions) {
		fputs("Usage: genlog [--versions N] [--seed S | --trace FILE] [--database MB] LOG\n"
		      "Makes a log of N versions (10000) from a made-up node's traffic, or from "
		      "recorded calls. With\n"
		      "--database it begins half-way, with a snapshot of a database of MB "
		      "megabytes.\n",
			stderr);
		return 2;
	}
	if (genlog_make(argv[optind], &made, &result, &err)) {
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
