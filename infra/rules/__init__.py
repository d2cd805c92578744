"""What a template must keep, beyond what CloudFormation asks: one module a subject, a function a rule."""
