'use strict';
// Reads a customer's profile, or says why not. Usage: node read-profile.js DIR REF; the token is in
// $VELUM_TOKEN.
const velum = require('..'); // in a program of your own: require('velum')

async function main(folder, ref) {
    const gate = new velum.Gate(folder);
    const answer = await gate.read(ref, { token: process.env.VELUM_TOKEN });
    if (answer.ok) {
        for (const [name, value] of Object.entries(answer.json().fields)) {
            console.log(`${name}: ${value}`);
        }
    } else {
        console.log(`refused: ${answer.problem}`);
        process.exitCode = 1;
    }
    answer.close();
    gate.close();
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(`the gate does not open: ${error.message}`);
    process.exitCode = 2;
});
