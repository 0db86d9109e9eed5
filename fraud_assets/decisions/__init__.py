"""Models to decisions: scores, the policy that turns them into actions, and alerts with their reasons."""
