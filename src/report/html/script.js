(function(){"use strict";
var table=document.getElementById("findings");if(!table)return;
var body=table.tBodies[0],rows=Array.prototype.slice.call(body.rows),heads=table.tHead.rows[0].cells;
function value(row,at){return row.cells[at].getAttribute("data-v")||row.cells[at].textContent}
Array.prototype.forEach.call(heads,function(head,at){
var button=document.createElement("button");button.type="button";button.textContent=head.textContent;head.textContent="";head.appendChild(button);
button.addEventListener("click",function(){
var up=head.getAttribute("aria-sort")!=="ascending";
Array.prototype.forEach.call(heads,function(other){other.removeAttribute("aria-sort")});
head.setAttribute("aria-sort",up?"ascending":"descending");
rows.map(function(row,place){return{row:row,key:value(row,at),place:place}}).sort(function(a,b){
if((a.key==="")!==(b.key===""))return a.key===""?1:-1;
var x=Number(a.key),y=Number(b.key);
var order=isNaN(x)||isNaN(y)?(a.key<b.key?-1:a.key>b.key?1:0):x-y;
return(up?order:-order)||a.place-b.place}).forEach(function(one){body.appendChild(one.row)})})});
var tools=document.getElementById("tools"),search=document.createElement("input"),state=document.createElement("select");
search.type="search";search.placeholder="Filter by path, rule, author";search.setAttribute("aria-label","Filter");
["","open","removed","unreachable"].forEach(function(word){var option=document.createElement("option");option.value=word;option.textContent=word||"every state";state.appendChild(option)});
state.setAttribute("aria-label","State");tools.appendChild(search);tools.appendChild(state);
function filter(){var words=search.value.toLowerCase().split(/\s+/),wanted=state.value;
rows.forEach(function(row){var text=row.textContent.toLowerCase();
row.hidden=!words.every(function(word){return text.indexOf(word)>=0})||(wanted!==""&&row.getAttribute("data-state")!==wanted)})}
search.addEventListener("input",filter);state.addEventListener("change",filter);
})();
