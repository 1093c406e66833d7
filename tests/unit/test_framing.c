/* test_framing.c - cutting lightningd's stream into messages (plugin/wire/framing.h). */
#include "framing.h"
#include "support.h"

SUITE(framing);

/* Feeds TEXT in parts of PART bytes, and writes what comes out: messages in <>, a message over the
 * limit as !. */
static void feed(struct framing *framing, const char *text, size_t part, char *out, size_t room)
{
	size_t left = strlen(text), used = strlen(out);

	while (left) {
		struct bk_slice message;
		enum framing_event event;
		size_t size = left < part ? left : part, have;
		uint8_t *at;

		ok(framing_room(framing, &at, &have, why()));
		cr_assert(have >= 1);
		size = size < have ? size : have;
		memcpy(at, text, size);
		framing_feed(framing, size);
		text += size;
		left -= size;
		while ((event = framing_next(framing, &message)) != FRAMING_MORE)
			used += (size_t)snprintf(out + used, room - used,
				event == FRAMING_MESSAGE ? "<%.*s>" : "!", (int)message.size,
				(const char *)message.data);
	}
}

Test(framing, messages_end_in_a_blank_line)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"{}\n\n", "<{}>"},
		{"{\"a\": 1}\n\n{\"b\": 2}\n\n", "<{\"a\": 1}><{\"b\": 2}>"},
		{"{\n}\n\n", "<{\n}>"},
		{"a\n\n\n\nb\n\n", "<a><b>"}, /* "Empty messages are passed over." */
		{"\n\n\n\n\n\nc\n\n", "<c>"},
		{"a\n\n\nb\n\n", "<a><\nb>"},
		{"no end", ""},
		{"no end\n", ""},
		{"{}\n\nhalf", "<{}>"},
		{"", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t part = 1; part < 12; part++) {
			struct framing framing;
			char out[200] = "";

			framing_init(&framing, 1000);
			feed(&framing, cases[i].text, part, out, sizeof out);
			cr_assert(strcmp(out, cases[i].want) == 0, "case %zu in parts of %zu: %s",
				i, part, out);
			framing_done(&framing);
		}
}

/* "*OUT is the beginning of a message over the limit; the rest is skipped as it comes", and what
 * follows is taken. */
Test(framing, a_message_over_the_limit)
{
	enum { LIMIT = 100 };
	static const size_t sizes[] = {99, 100, 101, 102, 103, 150, 1000, 70000, 300000};
	static char text[300100], out[300200], want[300200];

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t part = 1; part <= 65536; part = part * 5 + 2) {
			struct framing framing;
			size_t size = sizes[i];

			if (size > 1000 && part < 10)
				continue;
			memset(text, 'x', size);
			strcpy(text + size, "\n\nnext\n\n");
			out[0] = '\0';
			framing_init(&framing, LIMIT);
			feed(&framing, text, part, out, sizeof out);
			snprintf(want, sizeof want, "<%.*s><next>", (int)size, text);
			/* One that is whole when it is looked at may pass: it takes no more memory.
			 */
			cr_assert(strcmp(out, "!<next>") == 0 || strcmp(out, want) == 0,
				"%zu in parts of %zu: %.60s", size, part, out);
			cr_assert(size > LIMIT || strcmp(out, want) == 0, "%zu within the limit",
				size);
			cr_assert(size <= 65536 + LIMIT + 2 || strcmp(out, "!<next>") == 0, "%zu",
				size);
			cr_assert(framing.buf.capacity <= LIMIT + 2 + 65536);
			framing_done(&framing);
		}
}

Test(framing, two_messages_over_the_limit)
{
	static char text[20000], out[100];
	struct framing framing;

	memset(text, 'x', 9000);
	strcpy(text + 9000, "\n\n");
	memset(text + 9002, 'y', 9000);
	strcpy(text + 18002, "\n\n\n\nok\n\n");
	framing_init(&framing, 100);
	feed(&framing, text, 150, out, sizeof out);
	cr_assert(strcmp(out, "!!<ok>") == 0, "%s", out);
	framing_done(&framing);
}

/* A message of hundreds of megabytes is taken ("at least 256 MiB must pass"), in time that grows
 * with its size, and its memory given back. */
Test(framing, a_large_message)
{
	struct framing framing;
	struct bk_slice message;
	size_t fed = 0, size = (size_t)256 << 20;

	framing_init(&framing, MESSAGE_BYTES_MAX);
	while (fed < size + 2) {
		size_t have, part;
		uint8_t *at;

		cr_assert(framing_next(&framing, &message) == FRAMING_MORE);
		ok(framing_room(&framing, &at, &have, why()));
		part = have < 1 << 16 ? have : 1 << 16;
		part = part < size + 2 - fed ? part : size + 2 - fed;
		memset(at, 'x', part);
		fed += part;
		if (fed == size + 2)
			memcpy(at + part - 2, "\n\n", 2);
		framing_feed(&framing, part);
	}
	cr_assert(framing_next(&framing, &message) == FRAMING_MESSAGE && message.size == size);
	cr_assert(framing_next(&framing, &message) == FRAMING_MORE);
	cr_assert(framing.buf.capacity <= 1 << 20);
	framing_done(&framing);
}

/* Random messages in random parts come out as they went in. */
Test(framing, any_parts)
{
	uint64_t seed = test_seed();

	for (unsigned round = 0; round < 300; round++) {
		struct framing framing;
		static char text[4000], out[4000], want[4000];
		size_t used = 0, wanted = 0;

		for (unsigned i = 0; i < 12; i++) {
			size_t size = 1 + (size_t)(random_next(&seed) % 99);

			wanted += (size_t)snprintf(want + wanted, sizeof want - wanted, "<");
			for (size_t n = 0; n < size; n++)
				text[used++] = want[wanted++] =
					(char)(n % 2 ? '\n' : 'a' + random_next(&seed) % 26);
			if (text[used - 1] == '\n')
				text[used - 1] = want[wanted - 1] = 'z';
			want[wanted++] = '>';
			text[used++] = '\n';
			text[used++] = '\n';
		}
		want[wanted] = text[used] = out[0] = '\0';
		framing_init(&framing, 100);
		feed(&framing, text, 1 + (size_t)(random_next(&seed) % 150), out, sizeof out);
		cr_assert(strcmp(out, want) == 0, "round %u", round);
		framing_done(&framing);
	}
}

/* "whether a message has begun to come, whose end has not" */
Test(framing, knows_of_a_part)
{
	static const struct {
		const char *text;
		bool has_part;
	} cases[] = {
		{"", false},
		{"{}\n\n", false},
		{"{}\n\n\n", false},
		{"{}\n\n{", true},
		{"{", true},
		{"{}\n", true},
		{"twelve bytes", true}, /* over the limit, and skipped */
		{"twelve bytes\n\n", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct framing framing;
		char out[64] = "";

		framing_init(&framing, 10);
		feed(&framing, cases[i].text, 3, out, sizeof out);
		cr_assert_eq(framing_has_part(&framing), cases[i].has_part, "%s", cases[i].text);
		framing_done(&framing);
	}
}
