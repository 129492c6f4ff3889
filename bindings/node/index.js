'use strict';
// Velum in a Node.js program: personal data behind a gate. See README.md.
const { VelumError, constant, version } = require('./lib/abi.js');
const { Answer, Gate, Refused } = require('./lib/gate.js');
const { Module, Work } = require('./lib/module.js');

module.exports = { Answer, Gate, Module, Refused, VelumError, Work, constant, version };
