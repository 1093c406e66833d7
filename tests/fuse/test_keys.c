/* test_keys.c - what opens a sealed log for the mount. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/keyring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SUITE(keys);

#define WORDS      "hockey enroll sure trip track rescue original plate abandon abandon abandon account"
#define PASSPHRASE "right"

/* More who may open the log. */
static void add_slots(void)
{
	struct bk_io io = *bk_io_posix();
	struct bk_keyring *more;
	struct bk_writer *writer;

	ok(bk_keyring_new(&io.keys, why()));
	ok(bk_keyring_add_file(io.keys, &io, path_of(MOUNT_KEY), why()));
	ok(bk_keyring_new(&more, why()));
	ok(bk_keyring_add_passphrase(more, PASSPHRASE, strlen(PASSPHRASE), why()));
	ok(bk_keyring_add_words(more, WORDS, strlen(WORDS), NULL, why()));
	ok(bk_writer_open(&writer, &io, log_path(), NULL, why()));
	ok(bk_writer_add_slots(writer, more, why()));
	bk_writer_close(writer);
	bk_keyring_free(more);
	bk_keyring_free(io.keys);
}

/* A log that opens by the file MOUNT_KEY, by the words and by the passphrase; and a node of it. */
static void make_sealed(void)
{
	mount_dir_make();
	setenv("BK_TEST_SEALED", "1", 1);
	log_begin_plain(log_path());
	log_grow(20, 1000);
	log_close();
	add_slots();
	shell("echo " PASSPHRASE " >pass && echo wrong >mistyped && echo '" WORDS "' >words");
	shell("{ head -c 32 /dev/zero && printf %%s '" WORDS "'; } >hsm_secret");
	shell("mkdir node && echo '{\"backend_url\": \"file://'$PWD'/log/node.bkp\", \"key_file\": "
	      "\"../" MOUNT_KEY "\"}' >node/backup.lock");
}

/* In the background and in the foreground alike: here the mount outlives the command. */
Test(keys, each_way_in)
{
	static const char *const ways[] = {
		("log/node.bkp mnt --key-file " MOUNT_KEY),
		"log/node.bkp mnt --hsm-secret hsm_secret",
		"log/node.bkp mnt --words-fd 3 3<words",
		"log/node.bkp mnt --passphrase-fd 3 3<pass",
		"log/node.bkp mnt --passphrase-fd 0 <pass",
		"log/node.bkp mnt --passphrase-fd 3 --words-fd 4 3<mistyped 4<words",
		"--lightning-dir node mnt",
		"--lightning-dir node mnt --passphrase-fd 3 3<mistyped",
	};

	make_sealed();
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		shell(BK_FUSE_PROGRAM " %s", ways[i]);
		says(shell("sqlite3 mnt/latest.sqlite3 'SELECT count(*) FROM t'"), "19\n");
		shell("fusermount3 -u mnt");
	}
}

Test(keys, what_opens_nothing)
{
	static const struct {
		const char *arguments, *message;
		int status;
	} cases[] = {
		{"log/node.bkp mnt", "no key was given", 1},
		{"log/node.bkp mnt", "backup-cli key --help", 1},
		{"log/node.bkp mnt --passphrase-fd 3 3<mistyped",
			"the passphrase is not the one that it is sealed for", 1},
		{"log/node.bkp mnt --key-file nowhere", "nowhere", 1},
		{"log/node.bkp mnt --key-file pass", "pass", 1},
		{"log/node.bkp mnt --words-fd 3 3<pass", "word", 2},
		{"log/node.bkp mnt --words-fd nine", "no number of a descriptor", 2},
		{"log/node.bkp mnt --words-fd", "wants a value", 2},
		{"log/node.bkp mnt --passphrase-fd 9", "cannot read a secret", 1},
		{"clear.bkp mnt --passphrase-fd 3 3<pass", "in the clear, and should be sealed", 1},
	};

	make_sealed();
	unsetenv("BK_TEST_SEALED");
	log_begin_plain(path_of("clear.bkp"));
	log_close();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		shell_status(cases[i].status, BK_FUSE_PROGRAM " %s", cases[i].arguments);
		cr_assert(strstr(shell_stderr(), cases[i].message), "%s: %s", cases[i].arguments,
			shell_stderr());
		cr_assert(!is_mounted(path_of("mnt")));
	}
	shell_status(2, "setsid -w " BK_FUSE_PROGRAM " log/node.bkp mnt --passphrase");
	cr_assert(strstr(shell_stderr(), "there is no terminal"), "%s", shell_stderr());
}
