"""Check digits and the like: whether a number is what it looks like."""

import ipaddress
import re

# the first two digits of an ID card: the provinces of GB/T 2260
PROVINCES = frozenset(
    f"{tens}{ones}"
    for tens, many in (("1", 5), ("2", 3), ("3", 7), ("4", 6), ("5", 4), ("6", 5))
    for ones in range(0 if tens == "5" else 1, many + 1)
) | {"71", "81", "82", "83"}
BIRTHDAY = re.compile(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
# how cards that are about begin, and how long they are (ISO/IEC 7812): UnionPay, Visa, Mastercard, Amex, JCB, Diners …
ISSUED = re.compile(
    r"62\d{14,17}|4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|35\d{14}|3[068]\d{12}|6(?:0|4|5)\d{14,17}|9\d{15,18}"
)


def digits_of(value: str) -> str:
    """The digits alone."""
    return value if value.isdigit() else "".join(filter(str.isdigit, value))


def is_id_card(value: str) -> bool:
    """Whether the last of 18 characters is the check digit of the others (GB 11643-1999, ISO 7064 MOD 11-2)."""
    bare = re.sub(r"[^\dXx]", "", value)
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(bare[:17]))
    return "10X98765432"[weighted % 11] == bare[17].upper()


def is_dated_id_card(value: str) -> bool:
    """Whether 18 characters, however grouped, have the check digit of an ID card and a birthday in the middle."""
    bare = re.sub(r"[^\dXx]", "", value)
    return bool(BIRTHDAY.match(bare)) and is_id_card(bare)


def is_resident(value: str) -> bool:
    """Whether 17 digits begin as an ID card does, with a province; its last character stands elsewhere."""
    return value[:2] in PROVINCES


def is_hong_kong(value: str) -> bool:
    """Whether the character in brackets is the check digit of an identity card of Hong Kong: K739284(1)."""
    bare = re.sub(r"[^\dA-Z]", "", value).rjust(9)
    # a missing first letter counts 36, A is 10; the check digit A too
    weighted = sum((36 if sign == " " else int(sign, 36)) * (9 - place) for place, sign in enumerate(bare))
    return weighted % 11 == 0


def is_luhn(value: str) -> bool:
    """Whether 13 to 19 digits pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in digits_of(value)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_bank_card(value: str) -> bool:
    """Whether a number without a word before it is a card: begins as one, is as long, passes Luhn.

    Luhn alone lets one in ten through, and thirteen sixes are laughter.
    """
    return bool(ISSUED.fullmatch(digits_of(value))) and is_luhn(value)


LOVE = re.compile(r"(?:1314|520|521)+|1(\d)\1{9}")


def is_called(value: str) -> bool:
    """Whether eleven digits are a number to call: 13145201314 says love for ever, 13333333333 laughs."""
    return not LOVE.fullmatch(digits_of(value)[-11:])


DATED = re.compile(r"(?:19|20)\d\d([ -]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])$")

SPAN = re.compile(r"(?:19|20)\d\d[ -](?:19|20)\d\d$|\d\d(?:00|99)[ -]\d\d(?:00|99)$")  # two years, two prices


def is_dialled(value: str) -> bool:
    """Whether a number behind 电话 or "call" is one person's: 7 to 13 digits, no date, no shop's (400, 95…)."""
    bare = digits_of(value)
    return (
        7 <= len(bare) <= 13
        and not bare.startswith(("400", "800", "95"))
        and not (DATED.match(value) or SPAN.match(value))
    )


def is_local(value: str) -> bool:
    """Whether eight or ten digits behind 电话 or "phone" are a number: no date, no two years or prices, no shop's."""
    return not (DATED.match(value) or SPAN.match(value) or digits_of(value).endswith("00000"))


def is_abroad(value: str) -> bool:
    """Whether a number that begins with 00 is as long as one to a country abroad: E.164 counts 15 digits at most."""
    return 10 <= len(digits_of(value)) <= 17


def is_account(value: str) -> bool:
    """Whether digits behind "account" are no date."""
    return not DATED.match(value)


def is_iban(value: str) -> bool:
    """Whether the check digits of an international account number hold (ISO 13616, MOD 97-10)."""
    bare = value.replace(" ", "")
    return 15 <= len(bare) <= 34 and int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def is_ssn(value: str) -> bool:
    """Whether nine digits are ones that the US Social Security Administration gives out."""
    bare = digits_of(value)
    return bare[:3] not in ("000", "666") and bare[0] != "9" and bare[3:5] != "00" and bare[5:] != "0000"


def is_ipv4(value: str) -> bool:
    """Whether four numbers are each below 256 and name a machine: 127.0.0.1 is everybody's, 255.255.255.0 a mask."""
    parts = [int(part) for part in value.split(".")]
    return len(parts) == 4 and 0 < parts[0] < 224 and parts[0] != 127 and max(parts) < 256


def is_host(value: str) -> bool:
    """Whether it is an IPv4 address without a word before it: version numbers and dates have small parts."""
    return is_ipv4(value) and (any(int(part) > 99 for part in value.split(".")) or value.startswith("10."))


def is_ipv6(value: str) -> bool:
    """Whether it is an IPv6 address."""
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True


def is_passport(value: str) -> bool:
    """Whether the number of a passport without a word before it is no date (photos are called S20240101)."""
    return not re.match(r"[A-Z](?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d$", value)
