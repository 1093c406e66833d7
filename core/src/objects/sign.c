/* sign.c - requests to S3, signed. */
#include "sign.h"
#include "secret.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH      crypto_hash_sha256_BYTES
#define HEX       (2 * HASH + 1)
#define ALGORITHM "AWS4-HMAC-SHA256"

static void hash_text(char out[HEX], const void *data, size_t size)
{
	uint8_t hash[HASH];

	crypto_hash_sha256(hash, data, size);
	sodium_bin2hex(out, HEX, hash, HASH);
}

static void mac(uint8_t out[HASH], const void *key, size_t key_size, const char *text)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_size);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, out);
	bk_secret_wipe(&state, sizeof state);
}

/* The signature of TEXT by the key of that day and region. */
static void sign_text(char out[HEX], const struct credentials *who, const char *day,
	const char *region, const char *text)
{
	char first[4 + CREDENTIAL_MAX];
	uint8_t key[HASH];

	snprintf(first, sizeof first, "AWS4%s", who->password);
	mac(key, first, strlen(first), day);
	mac(key, key, HASH, region);
	mac(key, key, HASH, "s3");
	mac(key, key, HASH, "aws4_request");
	mac(key, key, HASH, text);
	sodium_bin2hex(out, HEX, key, HASH);
	bk_secret_wipe(first, sizeof first);
}

/* The parts of a URL: its host as it is sent, its path, its query. */
struct parts {
	int host_size, path_size;
	const char *host, *path, *query;
};

static struct parts parts_of(const char *target)
{
	struct parts out = {.host = strstr(target, "://") + 3};
	const char *port = target[4] == 's' ? ":443" : ":80"; /* is left out where it is usual */
	int port_size = (int)strlen(port);

	out.path = strchr(out.host, '/');
	out.path_size = (int)strcspn(out.path, "?");
	out.query = out.path + out.path_size;
	out.query += *out.query == '?';
	out.host_size = (int)(out.path - out.host);
	if (out.host_size > port_size &&
		strncmp(out.path - port_size, port, (size_t)port_size) == 0)
		out.host_size -= port_size;
	return out;
}

static void add_line(struct signature *signature, const char *fmt, ...) BK_PRINTF(2, 3);

static void add_line(struct signature *signature, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(signature->lines[signature->count++], SIGN_LINE_MAX, fmt, args);
	va_end(args);
}

/* The hash of the request as AWS writes one down. */
static enum bk_code hash_request(char out[HEX], const struct credentials *who, const char *method,
	const char *target, const char *body, const char *when, struct bk_error *err)
{
	struct parts parts = parts_of(target);
	bool has_token = *who->token;
	char *text;

	if (asprintf(&text,
		    "%s\n%.*s\n%s\nhost:%.*s\nx-amz-content-sha256:%s\nx-amz-date:%s\n%s%s%s\n"
		    "host;x-amz-content-sha256;x-amz-date%s\n%s",
		    method, parts.path_size, parts.path, parts.query, parts.host_size, parts.host,
		    body, when, has_token ? "x-amz-security-token:" : "", who->token,
		    has_token ? "\n" : "", has_token ? ";x-amz-security-token" : "", body) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a request");
	hash_text(out, text, strlen(text));
	bk_secret_wipe(text, strlen(text));
	free(text);
	return BK_OK;
}

enum bk_code bk_sign(struct signature *signature, const struct credentials *who, const char *region,
	const char *method, const char *target, const struct bk_slice *body, int64_t when_s,
	struct bk_error *err)
{
	char hash[HEX], request[HEX], signed_by[HEX], when[32], text[512];
	time_t seconds = (time_t)when_s;
	struct tm parts;
	enum bk_code code;

	signature->count = 0;
	gmtime_r(&seconds, &parts);
	strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &parts);
	hash_text(hash, body->data ? body->data : "", body->data ? body->size : 0);
	code = hash_request(request, who, method, target, hash, when, err);
	if (code)
		return code;
	snprintf(text, sizeof text, ALGORITHM "\n%s\n%.8s/%.256s/s3/aws4_request\n%s", when, when,
		region, request);
	add_line(signature, "x-amz-content-sha256: %s", hash);
	add_line(signature, "x-amz-date: %s", when);
	if (*who->token)
		add_line(signature, "x-amz-security-token: %s", who->token);
	when[8] = '\0';
	sign_text(signed_by, who, when, region, text);
	add_line(signature,
		"Authorization: " ALGORITHM " Credential=%s/%s/%s/s3/aws4_request, "
		"SignedHeaders=host;x-amz-content-sha256;x-amz-date%s, Signature=%s",
		who->user, when, region, *who->token ? ";x-amz-security-token" : "", signed_by);
	return BK_OK;
}
