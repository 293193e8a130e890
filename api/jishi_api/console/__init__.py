"""The console 控制台: the pages stewards, auditors, administrators and the citizens' counter work with (all of the road out)."""
