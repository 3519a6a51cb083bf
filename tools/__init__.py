"""What make runs: the demo, the generated reference, and the set-up scripts. No part of the product."""
