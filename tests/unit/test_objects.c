/* test_objects.c - stores of whole objects: their URLs, credentials, requests and listings
 * (objects.h), with answers from memory. */
#include "credentials.h"
#include "fakehttp.h"
#include "sign.h"
#include "support.h"
#include "web.h"
#include "webstore.h"
#include "xml.h"
#include <bk/secret.h>
#include <sys/stat.h>

SUITE(objects);

Test(objects, urls_say_where_and_how)
{
	static const struct {
		const char *url, *origin, *path, *prefix, *user, *proxy;
	} good[] = {
		{"davs://me@cloud.example:8443/dav/my%20node/", "https://cloud.example:8443",
			"/dav/my%20node/", "dav/my node/", "me", NULL},
		{"davs://h/a", "https://h", "/a/", "a/", NULL, NULL},
		{"davs://[2001:db8::7]:65535/a", "https://[2001:db8::7]:65535", "/a/", "a/", NULL,
			NULL},
		{"davs://h/", "https://h", "/", "", NULL, NULL},
		{"davs://h/a?ca=/x%26y", "https://h", "/a/", "a/", NULL, NULL},
		{"dav://127.0.0.1:81/a/", "http://127.0.0.1:81", "/a/", "a/", NULL, NULL},
		{"dav://[::1]/a/", "http://[::1]", "/a/", "a/", NULL, NULL},
		{"dav://abc.onion/a/?proxy=socks5h:127.0.0.1:9050", "http://abc.onion", "/a/", "a/",
			NULL, "socks5h://127.0.0.1:9050"},
		{"s3://b", "https://s3.us-east-1.amazonaws.com", "/b/", "", NULL, NULL},
		{"s3://b/p/q?region=eu", "https://s3.eu.amazonaws.com", "/b/p/q/", "p/q/", NULL,
			NULL},
		{"s3://b/p/?endpoint=http://localhost:9", "http://localhost:9", "/b/p/", "p/", NULL,
			NULL},
		{"s3://b/p/?endpoint=s.example:9&in-the-clear=yes", "https://s.example:9", "/b/p/",
			"p/", NULL, NULL},
	};
	struct object_url url;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		ok(bk_objecturl_parse(&url, good[i].url, why()));
		cr_assert_str_eq(url.origin, good[i].origin);
		cr_assert_str_eq(url.path, good[i].path);
		cr_assert_str_eq(url.prefix, good[i].prefix);
		cr_assert_str_eq(url.user ? url.user : "", good[i].user ? good[i].user : "");
		cr_assert_str_eq(url.proxy ? url.proxy : "", good[i].proxy ? good[i].proxy : "");
		cr_assert_eq(url.takes_clear, i + 1 == COUNT_OF(good));
		bk_objecturl_done(&url);
	}
}

Test(objects, urls_that_lead_nowhere_are_refused_and_not_repeated)
{
	static const char *const bad[] = {"davs://", "davs:///a", "davs://h", "davs://h/../a",
		"davs://h/a//b", "davs://h/a/%2e%2e/b", "davs://h/a%0ab", "davs://h/a%zz",
		"davs://h:x/a", "davs://h:123456/a", "davs://[::1/a", "davs://me:secret@h/a",
		"davs://me%3Asecret@h/a", "davs://@h/a", "davs://h/a?x=secret", "davs://h/a?ca=rel",
		"davs://h/a?region=x", "davs://h/a#secret", "dav://example.com/a",
		"dav://127.evil.example/a", "dav://x.onion/a", "davs://h/a?proxy=http:h:1",
		"davs://h/a?proxy=socks5h:h", "s3:///p", "s3://b/?endpoint=http://example.com",
		"s3://b/?region=a/b", "s3://b/?in-the-clear=no", "davs://h h/a",
		"davs://h/a?ca=", "davs://h:0/a", "davs://h:65536/a", "davs://[zz]/a",
		"davs://[1.2.3.4]/a", "davs://h/a?proxy=socks5h:h:70000",
		"s3://b/?endpoint=h:99999", "s3://../p", "s3://./p"};
	struct object_url url;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		cr_assert(bk_objecturl_is(bad[i]));
		fails(BK_E_INVALID, bk_objecturl_parse(&url, bad[i], why()));
		cr_assert(!strstr(why()->msg, "secret"), "%s", why()->msg);
	}
}

static const char *netrc_url = "davs://h/a/";

static const char *found(const char *text, mode_t mode, const char *place)
{
	static char out[512];
	struct credentials *who = NULL;
	struct object_url url;
	char named[512];
	bool is_named = strcmp(place, ".netrc") != 0;
	enum bk_code code;

	put_file(scratch(place), text, strlen(text));
	chmod(scratch(place), mode);
	snprintf(named, sizeof named, "davs://h/a/?credentials=%s", scratch(place));
	ok(bk_objecturl_parse(&url, is_named ? named : netrc_url, why()));
	setenv("HOME", scratch(""), 1);
	code = bk_credentials_find(&who, bk_io_posix(), &url, why());
	if (code)
		snprintf(out, sizeof out, "%s", why()->msg);
	else
		snprintf(
			out, sizeof out, "%.99s|%.99s|%.99s", who->user, who->password, who->token);
	if (!code)
		bk_secret_free(who);
	bk_objecturl_done(&url);
	return out;
}

Test(objects, credentials_come_from_files_that_nobody_else_reads)
{
	unsetenv("BACKUP_DAV_USER");
	unsetenv("BACKUP_DAV_PASSWORD");
	cr_assert_str_eq(found("# me\n user = u\r\npassword= p=q \n[x]\n", 0600, "c"), "u|p=q|");
	cr_assert_str_eq(found("aws_access_key_id=k\naws_secret_access_key=s\ntoken=t", 0400, "c2"),
		"k|s|t");
	cr_assert(strstr(found("user=u\npassword=secret\n", 0640, "c3"), "others may read"));
	cr_assert(!strstr(found("password=secret\n", 0600, "c4"), "secret"));
	cr_assert_str_eq(found("machine x login a password b\nmachine h login u password \"p q\"\n",
				 0600, ".netrc"),
		"u|p q|");
	cr_assert_str_eq(found("default login u password p", 0600, ".netrc"), "u|p|");
	cr_assert_str_eq(found("machine g login u password p", 0600, ".netrc"), "||");
	cr_assert_str_eq(found("machine h login", 0600, ".netrc"), "||");
	/* As curl reads it: remarks and macros are nobody's. */
	cr_assert_str_eq(found("# machine h login old password old\n\t#machine h login old\n"
			       "machine h login u password p#1\n",
				 0600, ".netrc"),
		"u|p#1|");
	cr_assert_str_eq(found("macdef init\nmachine h login old password old\n\n"
			       "machine h login u password p\n",
				 0600, ".netrc"),
		"u|p|");
	cr_assert_str_eq(found("machine h login u password \"p\\\"q\\\\ r\"\n", 0600, ".netrc"),
		"u|p\"q\\ r|");
	/* The user of the URL is the login, or stands for one. */
	netrc_url = "davs://me@h/a/";
	cr_assert_str_eq(found("machine h password p", 0600, ".netrc"), "me|p|");
	cr_assert_str_eq(found("machine h login you password q machine h password p login me "
			       "machine h login me password r",
				 0600, ".netrc"),
		"me|p|");
	cr_assert_str_eq(found("machine h password q login you", 0600, ".netrc"), "||");
	netrc_url = "davs://h/a/";
	cr_assert_str_eq(found("machine h password p", 0600, ".netrc"), "||");
	/* Of an environment that has a part of them nothing is taken. */
	netrc_url = "s3://b/?endpoint=h";
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_ACCESS_KEY_ID", "stale", 1);
	setenv("AWS_SESSION_TOKEN", "stale", 1);
	cr_assert_str_eq(found("machine h login u password p", 0600, ".netrc"), "u|p|");
	netrc_url = "davs://h/a/";
	setenv("BACKUP_DAV_USER", "e", 1);
	setenv("BACKUP_DAV_PASSWORD", "f", 1);
	cr_assert_str_eq(found("machine h login u password p", 0600, ".netrc"), "e|f|");
}

/* What is in TEXT, in short: <name for a tag, >name=text for its end; ! where it is none. */
static const char *shown(const char *text)
{
	static char out[1024];
	struct xml xml;
	enum xml_what what;
	size_t used = 0;

	bk_xml_begin(&xml, text, strlen(text));
	*out = '\0';
	while ((what = bk_xml_next(&xml)) < XML_END)
		used += (size_t)snprintf(out + used, sizeof out - used,
			what == XML_OPEN ? "<%s" : ">%s=%s", xml.name, xml.text);
	if (what == XML_BAD)
		strcpy(out + used, "!");
	return out;
}

Test(objects, so_much_of_xml_is_read)
{
	char deep[400] = "";

	cr_assert_str_eq(
		shown("<?xml version='1.0'?><a><D:b x='>'> t&amp;&#x41;&#66; </D:b><c/></a>"),
		"<a<b>b=t&AB<c>c=>a=");
	cr_assert_str_eq(shown("<a><![CDATA[<x>&]]><!-- <b> --></a>"), "<a>a=<x>&");
	cr_assert_str_eq(shown("<a>&#233;&#8364;&#x1f600;</a>"), "<a>a=é€😀");
	cr_assert_str_eq(shown("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"), "!");
	cr_assert_str_eq(shown("<a>&x;</a>"), "<a!");
	cr_assert_str_eq(shown("<a>&#0;</a>"), "<a!");
	cr_assert_str_eq(shown("<a>&#x110000;</a>"), "<a!");
	cr_assert_str_eq(shown("<a"), "!");
	cr_assert_str_eq(shown("<a>"), "<a!");
	cr_assert_str_eq(shown("</a>"), "!");
	cr_assert_str_eq(shown("<>"), "!");
	cr_assert_str_eq(shown("<a><![CDATA[x"), "<a!");
	cr_assert_str_eq(shown(""), "");
	for (size_t i = 0; i < XML_DEPTH_MAX + 1; i++)
		strcat(deep, "<a>");
	cr_assert(shown(deep)[strlen(shown(deep)) - 1] == '!');
}

static struct objects *opened(struct fake_http *fake, const char *url)
{
	struct objects *objects;

	setenv("BACKUP_DAV_USER", "u", 1);
	setenv("BACKUP_DAV_PASSWORD", "secret", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 1);
	ok(bk_objects_open(&objects, &fake->io, url, why()));
	return objects;
}

static enum bk_code put(struct objects *objects, bool *was_there)
{
	return objects->ops->put(objects, "f/1", "body", 4, was_there, why());
}

/* A folder is made by one alone: the other is told that it is there, by Apache in two ways. */
Test(objects, a_folder_is_claimed_by_one)
{
	struct objects *objects;
	struct fake_http fake;
	bool is;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 201});
	fake_http_answer(&fake, (struct fake_answer){.status = 405});
	fake_http_answer(&fake, (struct fake_answer){.status = 403});
	fake_http_answer(&fake, (struct fake_answer){.status = 207});
	fake_http_answer(&fake, (struct fake_answer){.status = 403});
	fake_http_answer(&fake, (struct fake_answer){.status = 404});
	fake_http_answer(&fake, (struct fake_answer){.status = 409});
	fake_http_answer(&fake, (struct fake_answer){.status = 404});
	objects = opened(&fake, "davs://h/a/");
	cr_assert(objects->may_race);
	ok(objects->ops->claim(objects, "f/w-1", &is, why()));
	cr_assert(is && strncmp(fake.requests[0], "MKCOL https://h/a/f/w-1/\n", 25) == 0);
	ok(objects->ops->claim(objects, "f/w-1", &is, why()));
	cr_assert(!is);
	ok(objects->ops->claim(objects, "f/w-1", &is, why()));
	cr_assert(!is && strstr(fake.requests[3], "PROPFIND https://h/a/f/w-1/\nDepth: 0\n"));
	fails(BK_E_IO, objects->ops->claim(objects, "f/w-1", &is, why()));
	says("MKCOL with 403");
	cr_assert(!is);
	fails(BK_E_IO, objects->ops->claim(objects, "f/w-1", &is, why()));
	says("MKCOL of f/w-1 with 409");
	ok(objects->ops->has(objects, "f/w-1", &is, why()));
	cr_assert(!is);
	objects->ops->close(objects);
}

Test(objects, a_put_makes_or_finds)
{
	struct objects *objects;
	struct fake_http fake;
	bool was_there;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 201, .date_s = 77});
	fake_http_answer(&fake, (struct fake_answer){.status = 412});
	objects = opened(&fake, "davs://h/a/");
	ok(put(objects, &was_there));
	cr_assert(!was_there && objects->ops->date_s(objects) == 77);
	cr_assert_str_eq(fake.requests[0],
		"PUT https://h/a/f/1\nIf-None-Match: *\nuser u secret\nbody body\n");
	ok(put(objects, &was_there));
	cr_assert(was_there);
	objects->ops->close(objects);
}

/* What may pass is tried again, at last not any more; what is refused is not. */
Test(objects, what_may_pass_is_tried_again)
{
	struct objects *objects;
	struct fake_http fake;
	bool was_there;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 0});
	fake_http_answer(&fake, (struct fake_answer){.status = 503, .retry_after_s = 7});
	fake_http_answer(&fake, (struct fake_answer){.status = 429, .retry_after_s = 9000});
	fake_http_answer(&fake, (struct fake_answer){.status = 201});
	fake_http_answer(&fake, (struct fake_answer){.status = 500});
	objects = opened(&fake, "davs://h/a/");
	ok(put(objects, &was_there));
	cr_assert(fake.asked == 4 && fake.waits[0] == 200 && fake.waits[1] == 7000 &&
		  fake.waits[2] == 60000);
	fails(BK_E_IO, put(objects, &was_there));
	says("PUT with 500");
	cr_assert_eq(fake.asked, 8);
	fake.answers[4].status = 401;
	fails(BK_E_IO, put(objects, &was_there));
	says("credentials");
	cr_assert_eq(fake.asked, 9);
	cr_assert(!strstr(why()->msg, "secret"));
	/* Locked, for who comes at the same moment. */
	fake.answers[4].status = 423;
	fails(BK_E_IO, put(objects, &was_there));
	says("PUT with 423");
	cr_assert_eq(fake.asked, 13);
	fake.asked = 9;
	fake.answers[4] = (struct fake_answer){.will_fail_again = true};
	fails(BK_E_IO, put(objects, &was_there));
	says("cannot be asked");
	cr_assert_eq(fake.asked, 10);
	objects->ops->close(objects);
}

Test(objects, ranges_are_got)
{
	struct bk_buf out;
	struct objects *objects;
	struct fake_http fake;
	bool is_there;

	bk_buf_init(&out, 100);
	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 206, .body = "cde"});
	fake_http_answer(&fake, (struct fake_answer){.status = 200, .body = "abcdefgh"});
	fake_http_answer(&fake, (struct fake_answer){.status = 404, .body = "no"});
	fake_http_answer(&fake, (struct fake_answer){.status = 206, .body = "more than asked"});
	objects = opened(&fake, "davs://h/a/");
	ok(objects->ops->get(objects, "x", 2, 3, &out, &is_there, why()));
	cr_assert(is_there && strstr(fake.requests[0], "Range: bytes=2-4\n"));
	ok(objects->ops->get(objects, "x", 2, 3, &out, &is_there, why()));
	ok(objects->ops->get(objects, "x", 2, 3, &out, &is_there, why()));
	cr_assert(!is_there && out.size == 6 && memcmp(out.data, "cdecde", 6) == 0);
	ok(objects->ops->get(objects, "x", 2, 3, &out, &is_there, why()));
	cr_assert_eq(out.size, 9);
	bk_buf_done(&out);
	objects->ops->close(objects);
}

/* The listing, one entry a line. */
static enum bk_code add_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	char line[512];
	int size = snprintf(line, sizeof line, "%s%s %d %d\n", entry->name,
		entry->is_folder ? "/" : "", (int)entry->size, (int)entry->changed_s);

	return bk_buf_append(ctx, line, (size_t)size, err);
}

static enum bk_code count_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	(void)entry;
	(void)err;
	--*(size_t *)ctx;
	return BK_OK;
}

static const char *listed(struct objects *objects, const char *folder, const char *after)
{
	static char text[1024];
	struct bk_buf out;

	bk_buf_init(&out, sizeof text - 1);
	ok(objects->ops->list(objects, folder, after, add_entry, &out, why()));
	snprintf(text, sizeof text, "%.*s", (int)out.size, out.size ? (char *)out.data : "");
	bk_buf_done(&out);
	return text;
}

#define PROP(href, more)                                                                           \
	"<d:response><d:href>" href "</d:href><d:propstat><d:prop>" more "</d:prop></d:propstat>"  \
	"</d:response>"

Test(objects, webdav_is_listed)
{
	struct objects *objects;
	struct fake_http fake;

	fake_http_init(&fake);
	fake_http_answer(&fake,
		(struct fake_answer){.status = 207,
			.body = "<d:multistatus xmlns:d='DAV:'>" PROP("/", "") PROP("/my%20a/",
				"<d:resourcetype><d:collection/></"
				"d:resourcetype>") PROP("/my%20a/f/",
				"<d:getcontentlength/>"
				"<d:resourcetype><d:collection/></d:resourcetype>")
				PROP("https://h/my%20a/turn-1",
					"<d:getcontentlength>33</d:getcontentlength>"
					"<d:getlastmodified>Thu, 01 Jan 1970 00:01:07 GMT"
					"</d:getlastmodified><d:resourcetype/>") "</"
										 "d:multistatus>"});
	fake_http_answer(&fake, (struct fake_answer){.status = 404});
	fake_http_answer(&fake, (struct fake_answer){.status = 207, .body = "<a><b></a>"});
	objects = opened(&fake, "davs://h/my%20a/");
	cr_assert_str_eq(listed(objects, "", ""), "f/ 0 0\nturn-1 33 67\n");
	cr_assert(strstr(fake.requests[0], "PROPFIND https://h/my%20a/\nDepth: 1\n"));
	cr_assert_str_eq(listed(objects, "f", ""), "");
	cr_assert(strstr(fake.requests[1], "PROPFIND https://h/my%20a/f/\n"));
	fails(BK_E_IO, objects->ops->list(objects, "f", "", add_entry, NULL, why()));
	objects->ops->close(objects);
}

/* What a store says of an object that is not there, or whose size it does not tell: the first is
 * none, the second not an empty one. */
Test(objects, webdav_lists_what_is_there_and_told)
{
	static const char text[] =
		"<d:multistatus xmlns:d='DAV:'>"
		"<d:response><d:href>/a/gone</d:href>"
		"<d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
		"<d:response><d:href>/a/untold</d:href>"
		"<d:propstat><d:prop><d:resourcetype/></d:prop></d:propstat></d:response>"
		"<d:response><d:href>/a/empty</d:href>"
		"<d:propstat><d:prop><d:getcontentlength/></d:prop></d:propstat></d:response>"
		"<d:response><d:href>/a/odd</d:href><d:propstat><d:prop>"
		"<d:getcontentlength>12x</d:getcontentlength></d:prop></d:propstat></d:response>"
		"<d:response><d:href>/a/told</d:href><d:propstat><d:prop>"
		"<d:getcontentlength>0</d:getcontentlength></d:prop>"
		"<d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
		"<d:propstat><d:prop><d:getlastmodified/></d:prop>"
		"<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>"
		"</d:multistatus>";
	struct objects *objects;
	struct fake_http fake;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 207, .body = text});
	objects = opened(&fake, "davs://h/a/");
	cr_assert_str_eq(listed(objects, "", ""), "untold -1 0\nempty -1 0\nodd -1 0\ntold 0 0\n");
	objects->ops->close(objects);
}

/* What a login page, or nothing at all, says is not that nothing is there. */
Test(objects, what_is_no_listing_is_no_empty_one)
{
	static const char *const texts[] = {"", " ", "<html><body>log in</body></html>",
		"<x><d:multistatus/><ListBucketResult/></x>"};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (int is_s3 = 0; is_s3 < 2; is_s3++) {
			struct objects *objects;
			struct fake_http fake;

			fake_http_init(&fake);
			fake_http_answer(&fake, (struct fake_answer){.status = is_s3 ? 200 : 207,
							.body = texts[i]});
			objects = opened(&fake, is_s3 ? "s3://b/p/?endpoint=h" : "davs://h/a/");
			fails(BK_E_IO,
				objects->ops->list(objects, "f", "", add_entry, NULL, why()));
			says("listing is none");
			objects->ops->close(objects);
		}
}

/* docs/objects.md, 7: so many objects, each by some 300 bytes, which is more than 64 MiB. */
Test(objects, webdav_is_listed_up_to_its_limit)
{
	static const char begin[] = "<d:multistatus xmlns:d='DAV:'>", end[] = "</d:multistatus>";
	static const char entry[] = PROP("/some/where/rather/deep/a/%020zu-0000000001",
		"<d:getcontentlength>33</d:getcontentlength>"
		"<d:getlastmodified>Thu, 01 Jan 1970 00:01:07 GMT</d:getlastmodified>"
		"<d:resourcetype/>");
	size_t count = 300000, used = strlen(begin), room = count * (sizeof entry + 20) + 100;
	char *body = malloc(room);
	struct objects *objects;
	struct fake_http fake;

	cr_assert(body);
	strcpy(body, begin);
	for (size_t i = 0; i < count; i++)
		used += (size_t)sprintf(body + used, entry, i);
	strcpy(body + used, end);
	cr_assert_gt(used, (size_t)64 << 20);
	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 207, .body = body});
	objects = opened(&fake, "davs://h/some/where/rather/deep/a/");
	ok(objects->ops->list(objects, "", "", count_entry, &count, why()));
	cr_assert_eq(count, 0);
	objects->ops->close(objects);
	free(body);
}

#define PAGE(more) "<ListBucketResult><Prefix>p/</Prefix>" more "</ListBucketResult>"

Test(objects, s3_is_listed_page_by_page)
{
	struct objects *objects;
	struct fake_http fake;

	fake_http_init(&fake);
	fake_http_answer(
		&fake, (struct fake_answer){.status = 200,
			       .body = PAGE("<IsTruncated>true</IsTruncated>"
					    "<NextContinuationToken>a+b</NextContinuationToken>"
					    "<Contents><Key>p/turn-1</Key><LastModified>"
					    "1970-01-01T00:01:07.000Z</LastModified><Size>33</Size>"
					    "<Owner><ID>x</ID></Owner></Contents>")});
	fake_http_answer(&fake,
		(struct fake_answer){.status = 200,
			.body = PAGE("<IsTruncated>false</IsTruncated><Contents><Key>p/</Key>"
				     "<Size>0</Size></Contents><CommonPrefixes><Prefix>p/f/"
				     "</Prefix></CommonPrefixes>")});
	fake_http_answer(&fake, (struct fake_answer){.status = 200, .body = PAGE("")});
	fake_http_answer(&fake,
		(struct fake_answer){.status = 200,
			.body = PAGE("<Contents><Key>p/untold</Key></Contents>"
				     "<Contents><Key>p/empty</Key><Size>0</Size></Contents>")});
	objects = opened(&fake, "s3://b/p/?endpoint=h");
	cr_assert_str_eq(listed(objects, "", ""), "turn-1 33 67\nf/ 0 0\n");
	cr_assert(strstr(
		fake.requests[0], "GET https://h/b?delimiter=%2F&list-type=2&prefix=p%2F\n"));
	cr_assert(strstr(fake.requests[1],
		"GET "
		"https://h/b?continuation-token=a%2Bb&delimiter=%2F&list-type=2&prefix=p%2F\n"));
	cr_assert_str_eq(listed(objects, "f", "5"), "");
	cr_assert(strstr(fake.requests[2], "&prefix=p%2Ff%2F&start-after=p%2Ff%2F5\n"));
	cr_assert_str_eq(listed(objects, "", ""), "untold -1 0\nempty 0 0\n");
	objects->ops->close(objects);
}

/* The example of AWS's own description of the signature. */
Test(objects, s3_is_signed)
{
	struct credentials who = {.user = "AKIAIOSFODNN7EXAMPLE",
		.password = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
	static struct signature signature;
	const struct bk_slice none = {.data = NULL};

	ok(bk_sign(&signature, &who, "us-east-1", "GET",
		"https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", &none, 1369353600,
		why()));
	cr_assert_str_eq(signature.lines[1], "x-amz-date: 20130524T000000Z");
	cr_assert(strstr(signature.lines[2],
		"Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

/* A clock that is off is made good by the store's own. */
Test(objects, a_wrong_clock_is_no_end)
{
	struct objects *objects;
	struct fake_http fake;
	bool was_there;

	fake_http_init(&fake);
	fake.time_s = 1000000;
	fake_http_answer(
		&fake, (struct fake_answer){.status = 403,
			       .date_s = 1003600,
			       .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>"});
	fake_http_answer(&fake, (struct fake_answer){.status = 200});
	fake_http_answer(
		&fake, (struct fake_answer){.status = 403,
			       .date_s = 1003600,
			       .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>"});
	objects = opened(&fake, "s3://b/p/?endpoint=h");
	ok(put(objects, &was_there));
	cr_assert(strstr(fake.requests[0], "x-amz-date: 19700112T134640Z\n"));
	cr_assert(strstr(fake.requests[1], "x-amz-date: 19700112T144640Z\n"));
	/* It is tried once: a store that says so again is believed. */
	fails(BK_E_IO, put(objects, &was_there));
	says("RequestTimeTooSkewed");
	cr_assert_eq(fake.asked, 3);
	objects->ops->close(objects);
}

Test(objects, a_delete_may_be_refused)
{
	struct objects *objects;
	struct fake_http fake;
	bool is_refused;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 204});
	fake_http_answer(&fake, (struct fake_answer){.status = 404});
	fake_http_answer(&fake, (struct fake_answer){.status = 403});
	objects = opened(&fake, "davs://h/a/");
	ok(objects->ops->remove(objects, "x", &is_refused, why()));
	ok(objects->ops->remove(objects, "x", &is_refused, why()));
	cr_assert(!is_refused);
	ok(objects->ops->remove(objects, "x", &is_refused, why()));
	cr_assert(is_refused);
	objects->ops->close(objects);
}

Test(objects, folders_are_made_with_what_they_are_in)
{
	struct objects *objects;
	struct fake_http fake;

	fake_http_init(&fake);
	fake_http_answer(&fake, (struct fake_answer){.status = 409});
	fake_http_answer(&fake, (struct fake_answer){.status = 201});
	fake_http_answer(&fake, (struct fake_answer){.status = 201});
	fake_http_answer(&fake, (struct fake_answer){.status = 405});
	fake_http_answer(&fake, (struct fake_answer){.status = 409});
	objects = opened(&fake, "davs://h/a/");
	ok(objects->ops->make_folder(objects, "f", why()));
	cr_assert(strstr(fake.requests[1], "MKCOL https://h/a/\n"));
	ok(objects->ops->make_folder(objects, "f", why()));
	fails(BK_E_IO, objects->ops->make_folder(objects, "f", why()));
	says("/a/");
	objects->ops->close(objects);
}
