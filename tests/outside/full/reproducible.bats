#!/usr/bin/env bats
# shellcheck shell=bash

@test "the image tiny: the same packages give the same bytes" {
    images/tiny/check-reproducible
}
