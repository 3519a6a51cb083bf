"""The card: builds one image for all schools, which a Raspberry Pi boots. Imports nothing else of ours."""
