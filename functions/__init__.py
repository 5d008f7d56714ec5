"""Triggers: they adapt the outside world to the house and hold no rule of the business."""
