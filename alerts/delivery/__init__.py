"""Delivery: notifications to receivers that are posted to, each in order, at least once, without a flood."""
