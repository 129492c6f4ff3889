'use strict';
// Does a module's work until there is none. Usage: node serve-module.js DIR MODULE; the token is in
// $VELUM_TOKEN.
const velum = require('..'); // in a program of your own: require('velum')

async function main(folder, name) {
    const gate = new velum.Gate(folder);
    const module = new velum.Module(gate, name, { token: process.env.VELUM_TOKEN });
    for await (const work of module.works(500)) {
        console.log(`${work.kind} ${work.name} at ${work.at}, given ${work.attempts} times`);
        await work.done();
    }
    module.close();
    gate.close();
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(`refused: ${error.message}`);
    process.exitCode = 2;
});
