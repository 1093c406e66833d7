/* test_tools.c - what people do with files works on these. */
#include "logkit.h"
#include "mountkit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(tools);

#define NOBODY 65534

/* 1,204 versions: two buckets, keyframes, and a tail that none has yet. */
static void mount_log(const char *options)
{
	mount_dir_make();
	log_begin(log_path(), NULL);
	log_play(1100);
	log_play_unkeyframed(104);
	mount_start(options);
	cr_assert(chdir(mnt("%s", "")) == 0 && chdir(path_of("%s", "")) == 0);
}

static void done(void)
{
	log_close();
	mount_stop();
}

Test(tools, cp_cmp_and_sums)
{
	mount_log(NULL);
	shell("cp mnt/versions/0001/0001001.sqlite3 copy && cmp copy mnt/versions/1/1001.sqlite3 "
	      "&& "
	      "sha256sum < copy > a && sha256sum < mnt/versions/0001/0001001.sqlite3 > b && cmp a "
	      "b");
	shell("cp -r mnt/versions/0001 many && cp -a mnt/changes/0001 sql && "
	      "diff -r many mnt/versions/0001 && diff -r sql mnt/changes/0001");
	shell("rm -f copy && dd if=mnt/latest.sqlite3 of=copy bs=1M 2>&1 && cmp copy "
	      "mnt/latest.sqlite3");
	done();
}

Test(tools, tar_and_rsync)
{
	mount_log(NULL);
	shell("tar -C mnt -cf all.tar versions/0001 changes by-time latest.sqlite3 status.json && "
	      "mkdir out && tar -C out -xf all.tar && "
	      "diff -r out/versions/0001 mnt/versions/0001 && diff -r out/changes mnt/changes");
	shell("tar -C mnt --compare -f all.tar versions changes by-time latest.sqlite3");
	shell("rsync -a mnt/versions/0001 mirror && rsync -a --itemize-changes mnt/versions/0001 "
	      "mirror > again");
	says(shell("cat again"), "");
	done();
}

Test(tools, find_and_ls)
{
	char want[128];

	mount_log(NULL);
	snprintf(want, sizeof want, "%u\n", log_head());
	says(shell("find mnt/versions -name '*.sqlite3' -type f | wc -l"), want);
	says(shell("find mnt/changes -name '*.sql' -type f -perm 400 | sort | uniq | wc -l"), want);
	says(shell("find mnt/by-time -type l | wc -l"), want);
	says(shell("find -L mnt/by-time -type f -size +0 | wc -l"), want);
	says(shell("find mnt/by-time -xtype l"), "");
	says(shell("ls -lR mnt/versions | grep -c \"^-r-------- 1 $(id -un) $(id -gn) \""), want);
	says(shell("ls -U mnt/versions"), "0000\n0001\n");
	says(shell("find mnt -printf '%%i\\n' | sort | uniq -d"), "");
	shell("test $(du -s --apparent-size -B1 mnt/versions | cut -f1) = "
	      "$(find mnt/versions -type f -printf '%%s\\n' | awk '{s += $1} END {print s}')");
	done();
}

Test(tools, sqlite3_with_no_flags)
{
	char want[64];

	mount_log(NULL);
	says(shell("sqlite3 mnt/versions/0000/0000321.sqlite3 "
		   "\"SELECT intval FROM vars WHERE name = 'data_version'\""),
		"321\n");
	snprintf(want, sizeof want, "%u\n", log_head());
	says(shell("sqlite3 mnt/latest.sqlite3 "
		   "\"SELECT intval FROM vars WHERE name = 'data_version'\""),
		want);
	says(shell("sqlite3 mnt/at/now.sqlite3 'PRAGMA integrity_check'"), "ok\n");
	shell("sqlite3 mnt/latest.sqlite3 'ATTACH \"mnt/versions/1/1000.sqlite3\" AS old; "
	      "SELECT * FROM vars EXCEPT SELECT * FROM old.vars' | grep data_version");
	shell_status(8, "sqlite3 mnt/latest.sqlite3 'DELETE FROM vars'");
	cr_assert(strstr(shell_stderr(), "readonly database"), "%s", shell_stderr());
	done();
}

Test(tools, sqldiff_tells_what_a_version_changed)
{
	mount_log(NULL);
	shell("sqldiff mnt/versions/1/1000.sqlite3 mnt/versions/1/1001.sqlite3 > diff && "
	      "grep 'UPDATE vars SET intval=1001' diff");
	shell("cp mnt/versions/1/1000.sqlite3 a && chmod u+w a && sqlite3 a < diff && "
	      "sqlite3 a .dump > a.sql && sqlite3 mnt/versions/1/1001.sqlite3 .dump > b.sql && "
	      "cmp a.sql b.sql");
	done();
}

/* What versions take of the disk is what the log does, and yet nothing takes them for holes. */
Test(tools, disk_usage_and_holes)
{
	mount_log(NULL);
	shell("test $(du -s -B1 mnt | cut -f1) -lt $((4 * $(stat -c %%s log/node.bkp)))");
	shell("test $(du -s -B1 mnt/versions | cut -f1) -gt $(($(stat -c %%s log/node.bkp) / 4))");
	says(shell("find mnt -type f -size +0 -printf '%%b\n' | grep -cx 0 || true"), "0\n");
	shell("mkdir auto always plain && for how in auto always; do "
	      "cp --sparse=$how mnt/versions/0001/00010*.sqlite3 mnt/changes/0001/00010*.sql $how; "
	      "done && "
	      "cat mnt/versions/0001/0001001.sqlite3 >plain/a && cmp plain/a auto/0001001.sqlite3 "
	      "&& "
	      "for how in auto always; do for file in $how/*.sqlite3; do "
	      "cmp $file mnt/versions/0001/${file#*/} || exit 1; done; for file in $how/*.sql; do "
	      "cmp $file mnt/changes/0001/${file#*/} || exit 1; done; done");
	shell("tar --sparse -C mnt -cf all.tar versions/0001 changes/0001 && mkdir out && "
	      "tar -C out -xf all.tar && diff -r out/versions/0001 mnt/versions/0001 && "
	      "diff -r out/changes/0001 mnt/changes/0001");
	shell("rsync -aS mnt/versions/0001 sparse && diff -r sparse/0001 mnt/versions/0001");
	done();
}

/* A handle of a file, as an NFS server keeps it, outlives what the kernel remembers of the file. */
Test(tools, file_handles)
{
	static const char *const names[] = {"versions/0001/0001001.sqlite3", "versions/0000",
		"changes/0001/0001001.sql", "by-time", "status.json",
		"versions/0001/0001002.sqlite3"};
	struct {
		struct file_handle handle;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handles[COUNT_OF(names)];
	int mount_id, root, open_one;

	mount_log(NULL);
	needs_root();
	open_one = open(mnt("%s", names[5]), O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		handles[i].handle.handle_bytes = MAX_HANDLE_SZ;
		cr_assert(name_to_handle_at(AT_FDCWD, mnt("%s", names[i]), &handles[i].handle,
				  &mount_id, 0) == 0,
			"%s: %s", names[i], strerror(errno));
	}
	shell("sync; echo 2 >/proc/sys/vm/drop_caches");
	root = open(mnt("%s", ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct stat by_handle, by_name;
		int fd = open_by_handle_at(root, &handles[i].handle, O_RDONLY | O_CLOEXEC);

		cr_assert(fd >= 0, "%s: %s", names[i], strerror(errno));
		cr_assert(fstat(fd, &by_handle) == 0 && stat(mnt("%s", names[i]), &by_name) == 0);
		cr_assert(by_handle.st_ino == by_name.st_ino &&
			  by_handle.st_mode == by_name.st_mode &&
			  by_handle.st_blocks == by_name.st_blocks);
		close(fd);
	}
	close(open_one);
	close(root);
	done();
}

/* Who mounted it is not who reads: others are let in as far as the options say. */
Test(tools, another_user)
{
	const char *as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";

	mount_log(NULL);
	needs_root();
	shell_status(2, "%s ls mnt/versions", as_nobody);
	mount_stop();
	mount_start("allow_other");
	shell_status(2, "%s ls mnt/versions", as_nobody);
	mount_stop();
	mount_start("allow_other,uid=nobody,gid=nogroup,umask=0277");
	says(shell("stat -c '%%u %%g %%a' mnt/versions mnt/latest.sqlite3 mnt/status.json"),
		"65534 65534 500\n65534 65534 777\n65534 65534 400\n");
	says(shell("%s sqlite3 mnt/versions/1/1001.sqlite3 'PRAGMA integrity_check'", as_nobody),
		"ok\n");
	mount_stop();
	mount_start("allow_other,umask=0022");
	says(shell("stat -c '%%u %%a' mnt/versions mnt/status.json"), "0 555\n0 444\n");
	says(shell("%s sqlite3 mnt/versions/1/1001.sqlite3 'PRAGMA integrity_check'", as_nobody),
		"ok\n");
	done();
}

/* As a user who is not root, who owns the log and the mountpoint. */
Test(tools, mounted_by_a_user)
{
	mount_dir_make();
	needs_own_mounts();
	log_begin(log_path(), NULL);
	log_play(300);
	log_close();
	cr_assert(chown(log_path(), NOBODY, NOBODY) == 0 &&
		  chown(path_of("log"), NOBODY, NOBODY) == 0 &&
		  chown(path_of("mnt"), NOBODY, NOBODY) == 0);
	shell("cat > user.sh << 'END'\n"
	      "set -eu\n"
	      "%s log/node.bkp mnt\n"
	      "trap 'fusermount3 -uz mnt' EXIT\n"
	      "stat -c '%%U %%a' mnt mnt/versions/0/200.sqlite3\n"
	      "sqlite3 mnt/latest.sqlite3 'PRAGMA integrity_check'\n"
	      "cat mnt/versions/0000/*.sqlite3 | wc -c > /dev/null\n"
	      "trap - EXIT\n"
	      "pid=$(pgrep -u nobody -f '%s log/node.bkp mnt')\n"
	      "kill $pid\n"
	      "while mountpoint -q mnt; do sleep 0.05; done\n"
	      "END\n",
		BK_FUSE_PROGRAM, BK_FUSE_PROGRAM);
	/* Where only root may open the device, it is opened up, for this one alone. */
	says(shell("mknod fuse c 10 229 && chmod 666 fuse && unshare -m sh -c "
		   "'mount --bind fuse /dev/fuse && "
		   "setpriv --reuid 65534 --regid 65534 --clear-groups sh user.sh'"),
		"nobody 500\nnobody 777\nok\n");
	cr_assert(!is_mounted(path_of("mnt")));
}
