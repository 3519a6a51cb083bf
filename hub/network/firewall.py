"""Text of the nftables ruleset: everything is refused but what is named. Pure.

`nft -f` takes it as one: there is no moment with half of it. Who pressed "Continue" is no part of it:
`mirror` puts these devices into the set again after each load.
"""

from hub.network.lan import BLOCKED, CAPTIVE, Lan
from hub.network.layout import Layout
from hub.network.safe import DOH_ADDRESSES

TABLE = "hub"
ACCEPTED = "accepted"
_PRIVATE = "10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16"
_MDNS = 5353


def render_firewall(
    layout: Layout, lan: Lan, *, filtered: bool, gated: bool = True, ports: tuple[int, ...] = (80, 81, 82, 83)
) -> str:
    """Return the ruleset; `ports` are those of the front door, the portal's first.

    `filtered` lets devices out, with `gated` only those that pressed "Continue".
    """
    served = f"{{ {', '.join(map(str, sorted(ports)))} }}"
    parts = [
        *_input(layout, served),
        *_forward(layout, filtered=filtered, gated=gated),
        *(_redirects(layout, ports[0], filtered=filtered, gated=gated) if layout.lan else ()),
        *(_masquerade(layout, lan) if filtered and layout.lan else ()),
    ]
    lines = "\n".join(parts)
    return f"""\
# Written by `hub card network`: docs/adr/0016.
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  set {ACCEPTED} {{
    type ipv4_addr . ether_addr
    size 4096
    flags timeout
  }}
{lines}
}}
"""


def _input(layout: Layout, served: str) -> list[str]:
    rules = [
        "  chain input {",
        "    type filter hook input priority filter; policy drop;",
        '    iifname "lo" accept',
        "    ct state established,related accept",
        "    ct state invalid drop",
    ]
    if layout.lan:
        rules.append(f'    iifname "{layout.lan}" goto from_class')
    if layout.guest_at:
        rules.append(f'    iifname "{layout.guest_at}" goto from_school')
    rules += [
        # Else nobody asks us anything from outside: networkd renews its address.
        "    meta nfproto ipv4 udp sport 67 udp dport 68 accept",
        "  }",
    ]
    if layout.lan:
        rules += [
            "  chain from_class {",
            "    meta nfproto != ipv4 drop",
            "    udp dport { 53, 67 } accept",
            "    udp sport 67 udp dport 68 accept  # what other DHCP servers answer to our question",
            f"    udp dport {_MDNS} accept",
            "    tcp dport 53 accept",
            f"    tcp dport {served} accept",
            "    icmp type echo-request limit rate 50/second accept",
            *_refuse("    "),
            "  }",
        ]
    if layout.guest_at:
        rules += [
            "  chain from_school {",
            "    meta nfproto != ipv4 drop",
            "    udp sport 67 udp dport 68 accept",
            f"    udp dport {_MDNS} accept",
            f"    tcp dport {served} accept",
            "    icmp type echo-request limit rate 50/second accept",
            "  }",
        ]
    return rules


def _refuse(indent: str) -> list[str]:
    """Say no at once, so that a program tries the next thing instead of waiting."""
    return [
        f"{indent}meta l4proto tcp reject with tcp reset",
        f"{indent}meta l4proto udp reject with icmp port-unreachable",
    ]


def _forward(layout: Layout, *, filtered: bool, gated: bool) -> list[str]:
    rules = ["  chain forward {", "    type filter hook forward priority filter; policy drop;"]
    if filtered and layout.lan:
        lan = f'"{layout.lan}"'
        rules += [
            "    ct state invalid drop",
            f"    iifname {lan} oifname {lan} drop  # one learner's device to another's",
            f"    iifname {lan} goto to_internet",
            "    ct state established,related accept",
            "  }",
            "  chain to_internet {",
            "    meta nfproto != ipv4 drop",
            *([f"    ip saddr . ether saddr != @{ACCEPTED} goto refused"] if gated else []),
            f"    ip daddr {{ {_PRIVATE} }} goto refused  # the school's own computers, and the modem",
            f"    ip daddr {{ {CAPTIVE}, {BLOCKED} }} goto refused",
            f"    ip daddr {{ {', '.join(DOH_ADDRESSES)} }} goto refused",
            # Web pages only: what would carry them past the names' filter is another port (DNS over TLS 853,
            # QUIC 443/udp, tunnels); time and ping do no harm.
            "    tcp dport { 80, 443 } accept",
            "    udp dport 123 accept",
            "    icmp type echo-request limit rate 50/second accept",
            "    goto refused",
            "  }",
            "  chain refused {",
            *_refuse("    "),
            "    drop",
        ]
    return [*rules, "  }"]


def _redirects(layout: Layout, portal: int, *, filtered: bool, gated: bool) -> list[str]:
    """Whatever DNS server a device has, it asks ours; before "Continue" every page it wants is ours."""
    lan = f'iifname "{layout.lan}"'
    not_accepted = f"ip saddr . ether saddr != @{ACCEPTED} " if filtered else ""
    caught = [f"    {lan} {not_accepted}tcp dport 80 redirect to :{portal}"] if gated or not filtered else []
    return [
        "  chain prerouting {",
        "    type nat hook prerouting priority dstnat; policy accept;",
        f"    {lan} ip protocol {{ tcp, udp }} th dport 53 redirect to :53",
        f"    {lan} fib daddr type local accept",
        *([f"    {lan} ip daddr {BLOCKED} tcp dport 80 redirect to :{portal}"] if filtered else []),
        *caught,
        "  }",
    ]


def _masquerade(layout: Layout, lan: Lan) -> list[str]:
    return [
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat; policy accept;",
        f'    oifname != {{ "lo", "{layout.lan}" }} ip saddr {lan.network} ip daddr != {CAPTIVE} masquerade',
        "  }",
    ]
