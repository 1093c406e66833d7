/* test_emergency.c - static channel backups out of a version (bk/emergency.h). */
#include "node.h"
#include "peeraddr.h"
#include "tempdir.h"
#include "trace.h"
#include <bk/emergency.h>
#include <bk/snapshot.h>
#include <limits.h>

SUITE(emergency);

/* What the tables of a real node (v26.06.6) held, and what its staticbackup printed of them. */
#define NODE                                                                                       \
	"CREATE TABLE channels (id, full_channel_id, peer_id, funding_tx_id, funding_tx_outnu"     \
	"m, funding_satoshi, channel_type, shachain_remote_id, revocation_basepoint_remote, p"     \
	"ayment_basepoint_remote, htlc_basepoint_remote, delayed_payment_basepoint_remote, fu"     \
	"nder, channel_config_remote, state);"                                                     \
	"INSERT INTO channels VALUES (1, x'ffdf884084206a01f70cb12b7b05409f24bf8118566c67eec9"     \
	"382a83304b3e52', 1, x'ffdf884084206a01f70cb12b7b05409f24bf8118566c67eec9382a83304b3e"     \
	"52', 0, 15000000, x'401000', 1, x'0236713ebe4ac57092474a464498ed4aaa55088060fabfd687"     \
	"fc1a9aaaef1bb56c', x'03fb033e66c580211cf74a3f18c142982a521d58e013deddf405bd6825e2ddf"     \
	"4f1', x'026b87ce278b93b1897e236b2dec0ce7b52b1b41cc8f47cfbd1e63aef8ce11f0a7', x'02b11"     \
	"e6f49e0efc64be1733ec27882555ef584ba3e7bb39d8b52e521260c662cf1', 1, 2, 3);"                \
	"INSERT INTO channels VALUES (2, x'982443eb7137b3f284a7f614baca4ece24a2828ed9823ca7de"     \
	"32b570689ccc97', 2, x'982443eb7137b3f284a7f614baca4ece24a2828ed9823ca7de32b570689ccc"     \
	"97', 0, 15000000, x'401000', 2, x'039d738be57637dd595f957067e81d9a3130dd87ee65868926"     \
	"c41d421696914a3b', x'02382d5139230fb5ff89c1440ee9b0075a996f8a1ef73ac173499f8c6b23bf2"     \
	"5dd', x'035d4202827276ab05c9ae9d3f2257d6f218c0b6719ea7a98ab72f6c5544e432eb', x'03195"     \
	"8edda69fb5cfa189974e4d7e0ca0534b00cb46db0ff0324989c4b321ab13e', 0, 4, 3);"                \
	"CREATE TABLE peers (id, node_id, address, last_known_address);"                           \
	"INSERT INTO peers VALUES (1, x'038194b5f32bdf0aa59812c86c4ef7ad2f294104fa027d1ace9b4"     \
	"69bb6f88cf37b', '127.0.0.1:43330', NULL);"                                                \
	"INSERT INTO peers VALUES (2, x'03cecbfdc68544cc596223b68ce0710c9e5d2c9cb317ee07822d9"     \
	"5079acc703d31', '127.0.0.1:43336', NULL);"                                                \
	"CREATE TABLE shachains (id, min_index, num_valid);"                                       \
	"INSERT INTO shachains VALUES (1, 281474976710636, 5);"                                    \
	"INSERT INTO shachains VALUES (2, 281474976710638, 5);"                                    \
	"CREATE TABLE shachain_known (shachain_id, pos, idx, hash);"                               \
	"INSERT INTO shachain_known VALUES (1, 0, 281474976710637, x'e9ecaafee4253ba767a7efc4"     \
	"93f0c8078300a824c519d30dfef095fc1ee59e71');"                                              \
	"INSERT INTO shachain_known VALUES (1, 1, 281474976710638, x'e2289ae2df649a48a1590859"     \
	"c97477e85cab2856d7336c9020a22f52f38ce70b');"                                              \
	"INSERT INTO shachain_known VALUES (2, 0, 281474976710639, x'79ba9eaa09a96e35f4bda64d"     \
	"91e950dea52bc3dd28abb25bd651a9f5ca5ce53a');"                                              \
	"INSERT INTO shachain_known VALUES (2, 1, 281474976710638, x'4f4a232309a073d36c149463"     \
	"3aa2691b1b30e11e598aa44320f30fdca6b9191d');"                                              \
	"INSERT INTO shachain_known VALUES (2, 2, 281474976710644, x'f7e5c5aca589784a372007da"     \
	"3f6f966fadedac0f8e720f614d13d7e2b302b247');"                                              \
	"INSERT INTO shachain_known VALUES (1, 2, 281474976710636, x'737ea4f3e0157bc6846706e0"     \
	"d0f5f2765b2a4eb3b58a9c5dde3d64618abae99e');"                                              \
	"INSERT INTO shachain_known VALUES (2, 3, 281474976710648, x'a07787a3e16527a28c1d72e7"     \
	"1b445a7b9df4b9b1c939ccc4bb1f999caba03776');"                                              \
	"INSERT INTO shachain_known VALUES (1, 3, 281474976710648, x'947667b2a8829ac26aeedba7"     \
	"d723ce2fc6afba803bf66befc9a07577e7f8ffe2');"                                              \
	"INSERT INTO shachain_known VALUES (1, 4, 281474976710640, x'7d478ff144d36cce9261aca8"     \
	"c217ee42f06a585a48f9d8c448c6cc450f028695');"                                              \
	"INSERT INTO shachain_known VALUES (2, 4, 281474976710640, x'2cbace5f09e757299e8c6e62"     \
	"0842774aa332e68ae38b1b336e5e369b220f4b73');"                                              \
	"CREATE TABLE channel_configs (id, to_self_delay);"                                        \
	"INSERT INTO channel_configs VALUES (1, 5);"                                               \
	"INSERT INTO channel_configs VALUES (2, 5);"                                               \
	"INSERT INTO channel_configs VALUES (3, 5);"                                               \
	"INSERT INTO channel_configs VALUES (4, 5);"
#define SCB_1                                                                                      \
	"0000000000000001ffdf884084206a01f70cb12b7b05409f24bf8118566c67eec9382a83304b3e520381"     \
	"94b5f32bdf0aa59812c86c4ef7ad2f294104fa027d1ace9b469bb6f88cf37b017f000001a942ffdf8840"     \
	"84206a01f70cb12b7b05409f24bf8118566c67eec9382a83304b3e52000000000000000000e4e1c00003"     \
	"4010000000016301d40000ffffffffffec000000050000ffffffffffede9ecaafee4253ba767a7efc493"     \
	"f0c8078300a824c519d30dfef095fc1ee59e710000ffffffffffeee2289ae2df649a48a1590859c97477"     \
	"e85cab2856d7336c9020a22f52f38ce70b0000ffffffffffec737ea4f3e0157bc6846706e0d0f5f2765b"     \
	"2a4eb3b58a9c5dde3d64618abae99e0000fffffffffff8947667b2a8829ac26aeedba7d723ce2fc6afba"     \
	"803bf66befc9a07577e7f8ffe20000fffffffffff07d478ff144d36cce9261aca8c217ee42f06a585a48"     \
	"f9d8c448c6cc450f02869503840236713ebe4ac57092474a464498ed4aaa55088060fabfd687fc1a9aaa"     \
	"ef1bb56c03fb033e66c580211cf74a3f18c142982a521d58e013deddf405bd6825e2ddf4f1026b87ce27"     \
	"8b93b1897e236b2dec0ce7b52b1b41cc8f47cfbd1e63aef8ce11f0a702b11e6f49e0efc64be1733ec278"     \
	"82555ef584ba3e7bb39d8b52e521260c662cf105010107020005"
#define SCB_2                                                                                      \
	"0000000000000002982443eb7137b3f284a7f614baca4ece24a2828ed9823ca7de32b570689ccc9703ce"     \
	"cbfdc68544cc596223b68ce0710c9e5d2c9cb317ee07822d95079acc703d31017f000001a948982443eb"     \
	"7137b3f284a7f614baca4ece24a2828ed9823ca7de32b570689ccc97000000000000000000e4e1c00003"     \
	"4010000000016301d40000ffffffffffee000000050000ffffffffffef79ba9eaa09a96e35f4bda64d91"     \
	"e950dea52bc3dd28abb25bd651a9f5ca5ce53a0000ffffffffffee4f4a232309a073d36c1494633aa269"     \
	"1b1b30e11e598aa44320f30fdca6b9191d0000fffffffffff4f7e5c5aca589784a372007da3f6f966fad"     \
	"edac0f8e720f614d13d7e2b302b2470000fffffffffff8a07787a3e16527a28c1d72e71b445a7b9df4b9"     \
	"b1c939ccc4bb1f999caba037760000fffffffffff02cbace5f09e757299e8c6e620842774aa332e68ae3"     \
	"8b1b336e5e369b220f4b730384039d738be57637dd595f957067e81d9a3130dd87ee65868926c41d4216"     \
	"96914a3b02382d5139230fb5ff89c1440ee9b0075a996f8a1ef73ac173499f8c6b23bf25dd035d420282"     \
	"7276ab05c9ae9d3f2257d6f218c0b6719ea7a98ab72f6c5544e432eb031958edda69fb5cfa189974e4d7"     \
	"e0ca0534b00cb46db0ff0324989c4b321ab13e05010007020005"

#define VARS                                                                                       \
	"CREATE TABLE vars (name, intval, blobval);"                                               \
	"INSERT INTO vars VALUES ('data_version', 7, NULL);"

static struct bk_emergency emergency_of(struct node *node)
{
	struct bk_emergency out;

	ok(bk_emergency(bk_writer_log(node->writer), node->version, &out, why()));
	return out;
}

static void is_given(const struct bk_channel_backup *channel, uint64_t id, const char *scb)
{
	cr_assert(channel->id == id);
	cr_assert(channel->scb, "%s", channel->note);
	cr_assert_str_eq(channel->scb, scb);
}

Test(emergency, what_a_real_node_prints)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7, VARS NODE);
	out = emergency_of(&node);
	cr_assert(out.count == 2);
	is_given(&out.channels[0], 1, SCB_1);
	is_given(&out.channels[1], 2, SCB_2);
	cr_assert(!out.channels[0].note && !out.channels[1].note);
	cr_assert(strncmp(out.channels[0].peer, "038194b5f32bdf0a", 16) == 0);
	cr_assert(strlen(out.channels[0].peer) == 66);
	bk_emergency_done(&out);
	cr_assert(out.count == 0);
	node_end(&node);
}

/* The versions that came before stay what they were. */
Test(emergency, out_of_any_version)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7, VARS NODE);
	node_change(&node, "DELETE FROM channels WHERE id = 1");
	out = emergency_of(&node);
	cr_assert(out.count == 1);
	is_given(&out.channels[0], 2, SCB_2);
	bk_emergency_done(&out);
	ok(bk_emergency(bk_writer_log(node.writer), 7, &out, why()));
	cr_assert(out.count == 2);
	bk_emergency_done(&out);
	node_end(&node);
}

/* Those that lightningd leaves out: DUALOPEND_OPEN_INIT and CLOSED. */
Test(emergency, states_that_have_no_backup)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7,
		VARS NODE "UPDATE channels SET state = CASE id WHEN 1 THEN 1 ELSE 10 END;");
	out = emergency_of(&node);
	cr_assert(out.count == 0);
	bk_emergency_done(&out);
	node_change(&node, "UPDATE channels SET state = 9 WHERE id = 2");
	out = emergency_of(&node);
	cr_assert(out.count == 1);
	is_given(&out.channels[0], 2, SCB_2);
	bk_emergency_done(&out);
	node_end(&node);
}

/* After CHANGE to the tables, the first channel cannot be given, and the note says WHAT. */
static void lacks(const char *change, const char *what)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7, VARS NODE);
	node_change(&node, change);
	out = emergency_of(&node);
	cr_assert(out.count == 2);
	cr_assert(!out.channels[0].scb, "%s", change);
	cr_assert(strstr(out.channels[0].note, what), "%s: %s", change, out.channels[0].note);
	is_given(&out.channels[1], 2, SCB_2);
	bk_emergency_done(&out);
	node_end(&node);
	scratch_remove();
}

Test(emergency, a_channel_that_cannot_be_given_is_named)
{
	lacks("UPDATE channels SET full_channel_id = x'01' WHERE id = 1", "its id");
	lacks("UPDATE channels SET funding_tx_id = NULL WHERE id = 1", "its funding transaction");
	lacks("UPDATE channels SET funding_tx_outnum = 'none' WHERE id = 1",
		"its funding transaction");
	lacks("UPDATE channels SET funding_satoshi = NULL WHERE id = 1", "its size");
	lacks("UPDATE channels SET channel_type = NULL WHERE id = 1", "its type");
	lacks("UPDATE channels SET channel_type = zeroblob(257) WHERE id = 1", "its type");
	lacks("UPDATE channels SET shachain_remote_id = 77 WHERE id = 1", "its shachain");
	lacks("UPDATE shachains SET num_valid = 6 WHERE id = 1", "its shachain");
	lacks("UPDATE shachains SET num_valid = 50 WHERE id = 1", "its shachain");
	lacks("UPDATE shachains SET num_valid = -1 WHERE id = 1", "its shachain");
	lacks("UPDATE shachain_known SET pos = 9 WHERE shachain_id = 1 AND pos = 2",
		"its shachain");
	lacks("UPDATE shachain_known SET hash = x'00' WHERE shachain_id = 1", "its shachain");
	lacks("UPDATE channels SET htlc_basepoint_remote = x'02' WHERE id = 1",
		"the peer's basepoints");
	lacks("UPDATE channels SET funder = 2 WHERE id = 1", "who opened it");
	lacks("DELETE FROM channel_configs WHERE id = 2", "the peer's to_self_delay");
	lacks("UPDATE peers SET address = '/tmp/socket' WHERE id = 1", "an address of the peer");
}

/* A peer that is gone comes first, as the row of no peer. */
Test(emergency, a_channel_without_its_peer)
{
	lacks("DELETE FROM peers WHERE id = 1", "its peer");
}

Test(emergency, the_last_known_address_comes_first)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7,
		VARS NODE "UPDATE peers SET last_known_address = x'010a0000012607' WHERE id = 1;");
	out = emergency_of(&node);
	cr_assert(strncmp(out.channels[0].scb + 2 * (8 + 32 + 33), "010a0000012607", 14) == 0);
	cr_assert(strlen(out.channels[0].scb) == strlen(SCB_1));
	bk_emergency_done(&out);
	/* One that is none is not looked at. */
	node_change(&node, "UPDATE peers SET last_known_address = x'010a00000126' WHERE id = 1");
	out = emergency_of(&node);
	is_given(&out.channels[0], 1, SCB_1);
	bk_emergency_done(&out);
	/* Schemas before v25.12 have no such column. */
	node_change(&node, "ALTER TABLE peers DROP COLUMN last_known_address");
	out = emergency_of(&node);
	is_given(&out.channels[0], 1, SCB_1);
	bk_emergency_done(&out);
	node_end(&node);
}

/* As lightningd does: the peer may still be found by its id. */
Test(emergency, an_address_that_is_none)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(
		&node, 0, 7, VARS NODE "UPDATE peers SET address = 'x.onion:9735' WHERE id = 1;");
	out = emergency_of(&node);
	cr_assert(strncmp(out.channels[0].scb + 2 * (8 + 32 + 33), "017f0000010001", 14) == 0);
	cr_assert(strstr(out.channels[0].note, "x.onion"));
	bk_emergency_done(&out);
	node_end(&node);
}

Test(emergency, no_lightningd)
{
	struct bk_emergency out;
	struct node node;

	node_begin_with(&node, 0, 7, VARS "CREATE TABLE channels (id, state);");
	fails(BK_E_SQL, bk_emergency(bk_writer_log(node.writer), 7, &out, why()));
	says("v23.02");
	fails(BK_E_MISSING, bk_emergency(bk_writer_log(node.writer), 8, &out, why()));
	cr_assert(out.count == 0);
	node_end(&node);
}

static void address_is(const char *text, const char *wire)
{
	uint8_t bytes[PEERADDR_MAX];
	char shown[2 * PEERADDR_MAX + 1] = "";
	size_t size;

	cr_assert(bk_peeraddr_parse(text, bytes, &size) == PEERADDR_WIRE, "%s", text);
	for (size_t i = 0; i < size; i++)
		sprintf(shown + 2 * i, "%02x", bytes[i]);
	cr_assert_str_eq(shown, wire, "%s: %s", text, shown);
	cr_assert(bk_peeraddr_is_wire(bytes, size));
	cr_assert(!bk_peeraddr_is_wire(bytes, size - 1));
}

static void address_kind(const char *text, enum peeraddr_kind kind)
{
	uint8_t bytes[PEERADDR_MAX];
	size_t size;

	cr_assert(bk_peeraddr_parse(text, bytes, &size) == kind, "%s", text);
}

Test(emergency, addresses)
{
	static char name[300] = "dns:";

	address_is("127.0.0.1:9736", "017f0000012608");
	address_is("10.1.2.3", "010a0102032607");
	address_is("ws:10.1.2.3:1", "010a0102030001");
	address_is("localhost:65535", "017f000001ffff");
	address_is("[::1]:9735", "0200000000000000000000000000000001"
				 "2607");
	address_is("2001:db8::2", "0220010db80000000000000000000000022607");
	address_is("[2001:db8::2]", "0220010db80000000000000000000000022607");
	address_is("ip6-localhost:2", "02000000000000000000000000000000010002");
	address_is("4acth47i6kxnvkewtm6q7ib2s3ufpo5sqbsnzjpbi7utijcltosqemad.onion:1234",
		"04e00533f3e8f2aedaa8969b3d0fa03a96e857bbb28064dca5e147e934244b9ba5023003"
		"04d2");
	address_is("dns:node.example:9735", "050c6e6f64652e6578616d706c652607");
	address_is("node.example:9735", "050c6e6f64652e6578616d706c652607");
	address_kind("/tmp/socket", PEERADDR_NONE);
	address_kind("", PEERADDR_NONE);
	address_kind(":9735", PEERADDR_NONE);
	address_kind("autotor:127.0.0.1:9051", PEERADDR_NONE);
	address_kind("statictor:127.0.0.1:9051", PEERADDR_NONE);
	address_kind("127.0.0.1:0", PEERADDR_WRONG);
	address_kind("127.0.0.1:65536", PEERADDR_WRONG);
	address_kind("127.0.0.1:12x", PEERADDR_WRONG);
	address_kind("127.0.0.1:-1", PEERADDR_WRONG);
	address_kind("[::1", PEERADDR_WRONG);
	address_kind("[::1]x", PEERADDR_WRONG);
	address_kind("dns:127.0.0.1:1", PEERADDR_WRONG);
	address_kind("dns::1", PEERADDR_WRONG);
	address_kind("expyuzz4wqqyqhjn.onion:80", PEERADDR_WRONG);
	address_kind(
		"4acth47i6kxnvkewtm6q7ib2s3ufpo5sqbsnzjpbi7utijcltosqema1.onion", PEERADDR_WRONG);
	memset(name + 4, 'a', 255);
	address_kind(name, PEERADDR_WIRE);
	name[4 + 255] = 'a';
	address_kind(name, PEERADDR_WRONG);
}

/* The wire's form once more, in SQL. All peers of the recorded nodes are at 127.0.0.1. */
#define BY_SQL                                                                                     \
	"WITH s AS (SELECT c.id, lower(printf('%016x%s%s017f000001%04x%s%08x%016x%04x%s', c.id, "  \
	"hex(full_channel_id), hex(node_id), substr(address, 11), hex(funding_tx_id), "            \
	"funding_tx_outnum, funding_satoshi, length(channel_type), hex(channel_type))) AS head, "  \
	"lower(printf('%016x%08x%s', min_index, num_valid, (SELECT group_concat(printf('%016x%s'," \
	" idx, hex(hash)), '') FROM (SELECT * FROM shachain_known WHERE shachain_id = h.id ORDER " \
	"BY pos)))) AS chain, lower(printf('0384%s%s%s%s0501%02x0702%04x', "                       \
	"hex(revocation_basepoint_remote), hex(payment_basepoint_remote), "                        \
	"hex(htlc_basepoint_remote), hex(delayed_payment_basepoint_remote), funder, "              \
	"to_self_delay)) AS rest FROM channels c JOIN peers p ON p.id = peer_id JOIN shachains h " \
	"ON h.id = shachain_remote_id JOIN channel_configs f ON f.id = channel_config_remote "     \
	"WHERE state NOT IN (1, 10) ORDER BY p.id, c.id), "                                        \
	"t AS (SELECT id, head, CASE WHEN length(chain) / 2 < 253 THEN printf('01%02x%s%s', "      \
	"length(chain) / 2, chain, rest) ELSE printf('01fd%04x%s%s', length(chain) / 2, chain, "   \
	"rest) END AS tlvs FROM s) "                                                               \
	"SELECT id, printf('%s%08x%s', head, length(tlvs) / 2, tlvs) FROM t"

/* Every channel of the database FILE; returns how many. */
static size_t check_recorded(const char *file)
{
	char path[PATH_MAX];
	struct bk_emergency out;
	struct bk_log *log;
	sqlite3_stmt *row;
	uint32_t version;
	size_t count = 0;
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/%s", traces_dir(), file);
	ok(file_copy(path, scratch("own"), why()));
	ok(bk_log_create(
		bk_io_posix(), scratch("log"), scratch("own"), 1000, NULL, NULL, &version, why()));
	ok(bk_log_open(&log, bk_io_posix(), scratch("log"), why()));
	ok(bk_emergency(log, version, &out, why()));
	db = sql_open(scratch("own"));
	cr_assert(sqlite3_prepare_v2(db, BY_SQL, -1, &row, NULL) == SQLITE_OK, "%s",
		sqlite3_errmsg(db));
	while (sqlite3_step(row) == SQLITE_ROW) {
		cr_assert(count < out.count, "%s", file);
		is_given(&out.channels[count++], (uint64_t)sqlite3_column_int64(row, 0),
			(const char *)sqlite3_column_text(row, 1));
	}
	cr_assert(count == out.count, "%s: %zu of %zu", file, count, out.count);
	sqlite3_finalize(row);
	sqlite3_close(db);
	bk_emergency_done(&out);
	bk_log_close(log);
	scratch_remove();
	return count;
}

Test(emergency, recorded_nodes)
{
	if (!traces_dir()) {
		fprintf(stderr, "skipped: no traces\n");
		return;
	}
	cr_assert(check_recorded("small/db-934.sqlite3.zst") > 0);
	cr_assert(check_recorded("large/db-60992.sqlite3.zst") > 0);
	check_recorded("migrations/upgrade_inflight/after.sqlite3.zst");
}
