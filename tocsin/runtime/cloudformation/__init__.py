"""Reads templates of CloudFormation and SAM, and works out what their functions of values mean."""
