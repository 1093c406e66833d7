# A node with two channels; the second cannot be given, and one is closed for good.
mkdir node
sqlite3 node/lightningd.sqlite3 "
	CREATE TABLE vars (name, intval, blobval);
	INSERT INTO vars VALUES ('data_version', 41, NULL);
	CREATE TABLE peers (id, node_id, address);
	INSERT INTO peers VALUES (1, x'02$(printf '%064d' 1)', '127.0.0.1:9735'), (2, x'03$(printf '%064d' 2)', '/tmp/socket');
	CREATE TABLE channels (id, full_channel_id, peer_id, funding_tx_id, funding_tx_outnum, funding_satoshi, channel_type,
		shachain_remote_id, revocation_basepoint_remote, payment_basepoint_remote, htlc_basepoint_remote,
		delayed_payment_basepoint_remote, funder, channel_config_remote, state);
	INSERT INTO channels SELECT id, zeroblob(32), peer, zeroblob(32), id, 1000000, x'401000', 1, zeroblob(33), zeroblob(33),
		zeroblob(33), zeroblob(33), 0, 1, state FROM
		(SELECT 1 AS id, 1 AS peer, 3 AS state UNION SELECT 2, 2, 3 UNION SELECT 3, 1, 10);
	CREATE TABLE shachains (id, min_index, num_valid);
	INSERT INTO shachains VALUES (1, 0, 0);
	CREATE TABLE shachain_known (shachain_id, pos, idx, hash);
	CREATE TABLE channel_configs (id, to_self_delay);
	INSERT INTO channel_configs VALUES (1, 144);"
backup-cli init --lightning-dir node log.bkp >/dev/null

t backup-cli emergency log.bkp
t backup-cli emergency --lightning-dir node 2>/dev/null | grep -c scb
t backup-cli emergency --version 41 log.bkp | tail -1

# Not of lightningd; not there; wrong.
mkdir other
sqlite3 other/lightningd.sqlite3 "CREATE TABLE vars (name, intval, blobval); INSERT INTO vars VALUES ('data_version', 5, NULL)"
backup-cli init --lightning-dir other other.bkp >/dev/null
t backup-cli emergency other.bkp
t backup-cli emergency --version 40 log.bkp
t backup-cli emergency log.bkp other.bkp
