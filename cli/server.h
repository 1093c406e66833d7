/* server.h - the two things that backup-cli server does. */
#ifndef SERVER_H
#define SERVER_H

/* Both take the arguments behind the command's name, argv[0], and return an exit code. */
int server_stdio(
	int argc, char **argv); /* places, for those who come through ssh (docs/mirror.md) */
int server_older(int argc, char **argv); /* the older plugin's protocol (docs/older.md) */

#endif
