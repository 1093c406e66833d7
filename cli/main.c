/* main.c - backup-cli: finds the command and runs it. */
#include "arguments.h"
#include "colour.h"
#include "common.h"
#include "interrupt.h"
#include "keys.h"
#include <bk/memory.h>
#include <bk/nearest.h>
#include <bk/process.h>
#include <bk/streams.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&cmd_init,
	&cmd_restore,
	&cmd_log,
	&cmd_show,
	&cmd_diff,
	&cmd_history,
	&cmd_query,
	&cmd_extract,
	&cmd_emergency,
	&cmd_status,
	&cmd_verify,
	&cmd_drill,
	&cmd_copy,
	&cmd_mirror,
	&cmd_key,
	&cmd_server,
	&cmd_import,
	&cmd_compact,
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int help(void)
{
	puts("backup-cli " BK_RELEASE ": the backup of a Core Lightning node\n"
	     "\n"
	     "Usage: backup-cli COMMAND [ARGUMENTS]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "URL is file:///path/to/file.bkp or a plain path. In a lightning directory, or\n"
	     "with --lightning-dir, it need not be said: backup.lock has it, and the key file\n"
	     "of a sealed log. Elsewhere a sealed log is opened, by every command, with\n"
	     "--words, --hsm-secret FILE, --passphrase or --key-file FILE: see key --help.\n"
	     "\n"
	     "  -h, --help     this text; backup-cli help COMMAND and COMMAND --help tell more\n"
	     "  -V, --version  the release; COMMAND -V too\n"
	     "\n"
	     "Exit: 0 done, 1 failed, 2 usage, 3 damage or differences found.");
	return EXIT_DONE;
}

static int release(void)
{
	puts("backup-cli " BK_RELEASE);
	return EXIT_DONE;
}

static const struct command *command_of(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}

static int no_command(const char *word)
{
	const char *names[COMMAND_COUNT + 2] = {"help"}, *nearest;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i + 1] = commands[i]->name;
	nearest = bk_nearest(word, names);
	fprintf(stderr, "backup-cli: there is no %s \"%s\"", *word == '-' ? "option" : "command",
		word);
	if (nearest)
		fprintf(stderr, "; did you mean %s?", nearest);
	fputs("\nTry: backup-cli --help\n", stderr);
	return EXIT_USAGE;
}

static int help_of(const char *name)
{
	const struct command *command = command_of(name);

	if (strcmp(name, "help") == 0)
		return help();
	if (!command)
		return no_command(name);
	fputs(command->help, stdout);
	return EXIT_DONE;
}

static bool is_one_of(const char *word, const char *name, const char *letter)
{
	return strcmp(word, name) == 0 || strcmp(word, letter) == 0;
}

/* Whether NAME or LETTER is among the options. */
static bool is_among(int argc, char **argv, const char *name, const char *letter)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_one_of(argv[i], name, letter))
			return true;
	return false;
}

/* argv[0] is the command's name. */
static int run_command(const struct command *command, int argc, char **argv)
{
	if (is_among(argc, argv, "--help", "-h"))
		return help_of(command->name);
	if (is_among(argc, argv, "-V", "-V")) /* restore --version is another */
		return release();
	bk_process_guard();
	bk_limit_sqlite_memory();
	interrupt_begin();
	colour_begin();
	return command->run(argc, argv);
}

static int run(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		help();
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], "--help", "-h"))
		return help();
	if (strcmp(argv[1], "help") == 0)
		return argc > 2 ? help_of(argv[2]) : help();
	if (is_one_of(argv[1], "--version", "-V"))
		return release();
	command = command_of(argv[1]);
	return command ? run_command(command, argc - 1, argv + 1) : no_command(argv[1]);
}

/* What was printed may still wait in a buffer, for a disk that has no room. */
static int finish(int status)
{
	bool failed = ferror(stdout);
	int why = flush_out();

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
	int status;

	bk_standard_streams();
	status = run(argc, argv);
	close_remote();
	keys_done();
	return finish(status);
}
