"""What root does for the hub: jobs that the portal asks for, and sticks. Everything it reads is hostile."""
