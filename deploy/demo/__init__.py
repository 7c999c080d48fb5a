"""The whole product on one machine, without any account: a small real model, its server, and ccproxy in front of it.

__main__   starts both, tells how to use them, ends both
model      what has to be fetched once, and where it lies
servers    one started program: its log, whether it answers, its end
model_server, chat_template.jinja   run in an environment of their own, beside llama.cpp
"""
