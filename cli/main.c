/* main.c - backup-cli: finds the command and runs it. */
#include "common.h"
#include "interrupt.h"
#include <bk/memory.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&cmd_init, &cmd_restore, &cmd_log, &cmd_verify};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int help(void)
{
	puts("backup-cli " BK_RELEASE ": the backup of a Core Lightning node\n"
	     "\n"
	     "Usage: backup-cli COMMAND [ARGUMENTS]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "URL is file:///path/to/file.bkp or a plain path.\n"
	     "backup-cli COMMAND --help tells more. Exit: 0 done, 1 failed, 2 usage, 3 damage "
	     "or differences found.");
	return EXIT_DONE;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		help();
		return argc < 2 ? EXIT_USAGE : EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("backup-cli " BK_RELEASE);
		return EXIT_DONE;
	}
	bk_limit_sqlite_memory();
	interrupt_begin();
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i]->name) != 0)
			continue;
		if (wants_help(argc - 1, argv + 1)) {
			fputs(commands[i]->help, stdout);
			return EXIT_DONE;
		}
		return commands[i]->run(argc - 1, argv + 1);
	}
	fprintf(stderr, "backup-cli: there is no command \"%s\"\nTry: backup-cli --help\n",
		argv[1]);
	return EXIT_USAGE;
}

/* What was printed may still wait in a buffer, for a disk that has no room. */
static int finish(int status)
{
	bool failed = ferror(stdout);
	int why = fflush(stdout) != 0 ? errno : 0;

	if (!failed && !why)
		return status;
	interrupt_end();
	if (why)
		fprintf(stderr, "backup-cli: cannot write what it prints: %s\n", strerror(why));
	else
		fputs("backup-cli: cannot write what it prints\n", stderr);
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
