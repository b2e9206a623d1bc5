# The rights that a node's token needs, and no others. Add rights for keys that jobs
# write through `Kv`. Create the policy with
#   consul acl policy create -name NAME -rules @FILE

# the locks
key "service/clock" { policy = "write" }

# the beats, by which nodes show that they live
key_prefix ".leader/beats/" { policy = "write" }

# a session on the agent that is asked; `session "NODE"` for each of them is narrower
session_prefix "" { policy = "write" }
