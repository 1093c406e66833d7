"""sigv4.py - signature version 4: whether a request to S3 is signed as it must be, looked at whole; and signing one."""
import datetime
import email.message
import hashlib
import hmac
import re
import time
import urllib.parse

WINDOW = 15 * 60  # seconds that the clocks may differ by
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")


class Refused(Exception):
    """A request that is not answered: the code that S3 has for it, and why."""

    def __init__(self, code, why):
        super().__init__(why)
        self.code = code


def encode(text, safe=""):
    return urllib.parse.quote(text, safe="-._~" + safe)


def canonical_query(query):
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(sorted(encode(urllib.parse.unquote(name)) + "=" + encode(urllib.parse.unquote(value))
                           for name, _, value in pairs))


def canonical_request(method, path, query, headers, signed, body_hash):
    lines = [name + ":" + " ".join(",".join(headers.get_all(name)).split()) + "\n" for name in signed]
    return "\n".join([method, encode(urllib.parse.unquote(path), "/"), canonical_query(query), "".join(lines),
                      ";".join(signed), body_hash])


def sign(secret, day, region, when, request):
    key = b"AWS4" + secret.encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = "%s/%s/s3/aws4_request" % (day, region)
    text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(request.encode()).hexdigest()])
    return hmac.digest(key, text.encode(), "sha256").hex()


def check_date(when, day, now):
    try:
        then = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        raise Refused("AccessDenied", "x-amz-date is no time: %r" % when) from None
    if abs(then.timestamp() - now) > WINDOW:
        raise Refused("RequestTimeTooSkewed", "the request is of %s" % when)
    if day != when[:8]:
        raise Refused("AuthorizationHeaderMalformed", "the credential's day is not the date's")


def check(method, target, headers, body, key, secret, region, now):
    """Raises Refused, unless the request is signed with KEY and SECRET for REGION, at NOW (seconds since 1970)."""
    path, _, query = target.partition("?")
    said = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if not said:
        raise Refused("AccessDenied", "there is no signature of version 4")
    named, day, where, signed, signature = said.groups()
    signed = signed.split(";")
    if named != key:
        raise Refused("InvalidAccessKeyId", "no such access key")
    if where != region:
        raise Refused("AuthorizationHeaderMalformed", "the region is %s" % region)
    must = {"host"} | {name.lower() for name in headers if name.lower().startswith("x-amz-")}
    must |= {"x-amz-date", "x-amz-content-sha256"}
    if signed != sorted(set(signed)) or not must <= set(signed) or not all(name in headers for name in signed):
        raise Refused("AccessDenied", "these are to be signed, in order: %s" % ";".join(sorted(must)))
    check_date(headers["x-amz-date"], day, now)
    body_hash = hashlib.sha256(body).hexdigest()
    if headers["x-amz-content-sha256"] != body_hash:
        raise Refused("XAmzContentSHA256Mismatch", "the body's hash is another")
    request = canonical_request(method, path, query, headers, signed, body_hash)
    if not hmac.compare_digest(sign(secret, day, region, headers["x-amz-date"], request), signature):
        raise Refused("SignatureDoesNotMatch", "signed is another request than this:\n" + request)


def headers_of(method, host, target, body, key, secret, region, now, **more):
    """The headers of a request that is signed."""
    headers = email.message.Message()
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    given = {"host": host, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": when, **more}
    for name, value in given.items():
        headers[name] = value
    path, _, query = target.partition("?")
    signed = sorted(given)
    request = canonical_request(method, path, query, headers, signed, given["x-amz-content-sha256"])
    given["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request,SignedHeaders=%s,Signature=%s" % (
        key, when[:8], region, ";".join(signed), sign(secret, when[:8], region, when, request))
    return given
