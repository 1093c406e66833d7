/* args.c - the options of a program that serves tests. */
#include "args.h"
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGS_MAX 16

void args_refuse(const char *help)
{
	fputs(help, stderr);
	exit(2);
}

static uint64_t number(const char *text, uint64_t most, const char *help)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (end == text || *end || *text == '-' || value > most)
		args_refuse(help);
	return value;
}

static void set(const struct arg *arg, const char *value, const char *help)
{
	if (arg->text)
		*arg->text = value;
	else if (arg->number)
		*arg->number = number(value, UINT64_MAX, help);
	else if (arg->small)
		*arg->small = (unsigned)number(value, UINT_MAX, help);
	else
		*arg->flag = true;
}

int args_read(int argc, char **argv, const struct arg *args, const char *help)
{
	struct option options[ARGS_MAX + 2] = {0};
	int option, count = 0;

	for (; args[count].name && count < ARGS_MAX; count++)
		options[count] = (struct option){args[count].name,
			args[count].flag ? no_argument : required_argument, NULL, count};
	options[count] = (struct option){"help", no_argument, NULL, count};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == count) {
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == '?')
			args_refuse(help);
		set(&args[option], optarg, help);
	}
	return optind;
}
