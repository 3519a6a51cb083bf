"""The hub's network: its Wi-Fi or cable, its ways out, its firewall, its names.

wishes   what the school config asks for          facts    what this machine has
layout   which interface does what                 lan      the class's own range of addresses
wifi · links · firewall · names                    text of hostapd, networkd, nftables, dnsmasq: pure
render   all of it together, pure                  apply    writes it, and says who has to read it again
look     reads the facts                           watch    does so again and again
filters · mirror · strangers                       block lists; who pressed Continue; other DHCP servers
state    run/network.json and the checks of the status
"""
