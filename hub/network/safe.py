"""What a filtered class meets besides the list of the office: safe search, and no way around the hub's DNS.

Addresses as of November 2026; a filter pack brings newer ones for the search machines
(docs/format/filter-v1.md). Sources: field-notes/image.md §4.6, and the makers' own documents.
"""

from ipaddress import IPv4Address

_GOOGLE = "216.239.38.120"  # forcesafesearch.google.com
_YOUTUBE = "216.239.38.119"  # restrictmoderate.youtube.com
_BING = "204.79.197.220"  # strict.bing.com
_DUCKDUCKGO = "52.142.126.100"  # safe.duckduckgo.com
_GOOGLES = (
    "com",
    "com.ua",
    "ro",
    "hu",
    "pl",
    "sk",
    "md",
    "de",
    "co.uk",
    "fr",
    "it",
    "es",
    "cz",
    "bg",
    "com.tr",
)
SAFE_SEARCH: dict[str, IPv4Address] = {
    name: IPv4Address(address)
    for address, names in (
        (_GOOGLE, tuple(f"www.google.{end}" for end in _GOOGLES)),
        (
            _YOUTUBE,
            (
                *("www.youtube.com", "m.youtube.com", "www.youtube-nocookie.com"),
                *("youtubei.googleapis.com", "youtube.googleapis.com"),
            ),
        ),
        (_BING, ("www.bing.com",)),
        (_DUCKDUCKGO, ("duckduckgo.com", "www.duckduckgo.com")),
    )
    for name in names
}
# By these names Firefox, iPhones and others find out that a network wants its own DNS to be used.
CANARIES = ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com", "resolver.arpa")
# Well-known DNS over HTTPS. Their addresses serve nothing else, so nothing else is lost.
DOH_NAMES = (
    *(
        "dns.google",
        "dns64.dns.google",
        "cloudflare-dns.com",
        "one.one.one.one",
        "mozilla.cloudflare-dns.com",
    ),
    *(
        "chrome.cloudflare-dns.com",
        "dns.quad9.net",
        "doh.opendns.com",
        "dns.adguard.com",
        "dns.adguard-dns.com",
    ),
    *(
        "doh.cleanbrowsing.org",
        "dns.nextdns.io",
        "doh.dns.sb",
        "dns.mullvad.net",
        "dns0.eu",
        "freedns.controld.com",
    ),
)
ANSWERED = (*CANARIES, *DOH_NAMES)  # by the hub itself, and always with "no such name"
DOH_ADDRESSES = (
    *("1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3", "8.8.8.8", "8.8.4.4", "9.9.9.9"),
    *("9.9.9.10", "9.9.9.11", "149.112.112.112", "149.112.112.10", "149.112.112.11", "208.67.222.222"),
    *("208.67.220.220", "94.140.14.14", "94.140.15.15", "94.140.14.15", "94.140.15.16", "185.228.168.9"),
    *("185.228.169.9", "76.76.2.0", "76.76.10.0", "194.242.2.2", "193.110.81.0", "185.253.5.0"),
)
