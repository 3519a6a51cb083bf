"""The portal: one blueprint, one module, one template folder, one test file."""
