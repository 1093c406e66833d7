/* cmd_server.c - backup-cli server: a backup for nodes elsewhere. */
#include "common.h"
#include "server.h"
#include <string.h>

static int server_run(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--stdio") == 0)
			return server_stdio(argc, argv);
	return server_older(argc, argv);
}

const struct command cmd_server = {
	.name = "server",
	.summary = "hold or serve the backup of nodes elsewhere",
	.help = "Usage: backup-cli server --stdio --root DIR [--append-only]\n"
		"                         [--keep-predecessors TIME] [--max-log-mb N]\n"
		"                         [--max-logs N]\n"
		"       backup-cli server [--log-mode MODE] [--log-level LEVEL] URL [HOST:PORT]\n"
		"\n"
		"With --stdio it holds logs for nodes elsewhere, which reach it through ssh: the\n"
		"plugin of a node with the mirror ssh://user@host/DIR/node.bkp runs this there.\n"
		"As a forced command of an ssh key it is all that the key may do:\n"
		"\n"
		"  command=\"backup-cli server --stdio --root DIR --append-only\",restrict\n"
		"\n"
		"It takes bytes that chain to what it holds, and successors, and nothing else.\n"
		"\n"
		"  --stdio                   talk over standard input and output\n"
		"  --root DIR                where the logs are; many nodes' go into one\n"
		"  --append-only             take no client's word that a log is to begin anew\n"
		"  --keep-predecessors TIME  how long a log stays that another took the place\n"
		"                            of, by this computer's clock (default 30d)\n"
		"  --max-log-mb N            no log may grow beyond so many MB\n"
		"  --max-logs N              no more logs than that in DIR (default 1000)\n"
		"\n"
		"With URL it serves that log, which backup-cli init URL makes, to a plugin with\n"
		"socket:HOST:PORT in its backup.lock: this one, or the older one that was written\n"
		"in Python, whose protocol it is. One connection is served at a time. Changes are\n"
		"acknowledged when they are on the disk.\n"
		"\n"
		"  HOST:PORT                 where to listen: an address, of IPv6 in brackets, or\n"
		"                            a name. :PORT is 127.0.0.1, loopback. Not needed\n"
		"                            where systemd hands a socket over\n"
		"  --log-mode MODE           plain, or systemd, with its marks of importance\n"
		"  --log-level LEVEL         the least that is told: debug, info (the default),\n"
		"                            notice, warning, error, critical\n"
		"  -V                        the release\n"
		"\n"
		"THE OLDER PROTOCOL HAS NO AUTHENTICATION, and is not encrypted: whoever can\n"
		"connect can read the node's database, and add to the backup. Listen on loopback,\n"
		"and have nodes elsewhere come by ssh -L or -R, Tor, or a VPN.\n",
	.run = server_run,
};
