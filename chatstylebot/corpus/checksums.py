"""Check digits: whether a number is what it looks like."""


def is_id_card(value: str) -> bool:
    """Whether the last of 18 characters is the check digit of the others (GB 11643-1999, ISO 7064 MOD 11-2)."""
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(value[:17]))
    return "10X98765432"[weighted % 11] == value[17].upper()


def is_bank_card(value: str) -> bool:
    """Whether 13 to 19 digits pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in value if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_ssn(value: str) -> bool:
    """Whether the three parts are ones that the US Social Security Administration gives out."""
    area, group, serial = value[:3], value[-6:-4].strip("- "), value[-4:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def is_ipv4(value: str) -> bool:
    """Whether four numbers are each below 256 and the first is not 0."""
    parts = value.split(".")
    return all(len(part) <= 3 and int(part) < 256 for part in parts) and int(parts[0]) > 0
